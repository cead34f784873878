import {
  DEFAULT_SUITE,
  deriveMasterKeys,
  endpointOf,
  parseAddress,
  type Role,
  type Routing,
  type SequenceRange,
} from "satp-core";
import { describe, expect, it } from "vitest";
import type { ConfiguredConnection, ConnectionDefinition } from "../../src/daemon/connections/connection.ts";
import { type ConnectionEvent, Listeners } from "../../src/daemon/connections/connection-events.ts";
import { Connections } from "../../src/daemon/connections/connections.ts";
import { type ConfiguredState, NOTHING_CONFIGURED } from "../../src/daemon/connections/desired-state.ts";
import { PlaneCommands } from "../../src/daemon/connections/plane-commands.ts";
import type { Route } from "../../src/daemon/connections/route.ts";
import { RouteList } from "../../src/daemon/connections/route-list.ts";
import { FIRST_BLOCK } from "../../src/daemon/sequence-space.ts";
import type { ConnectionCommand } from "../../src/data-plane/messages.ts";
import { AnytunError } from "../../src/errors.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { MemoryBook } from "../support/memory-book.ts";
import { memoryLog } from "../support/memory-log.ts";

function definition(mux: number, passphrase = "one", role: Role = "left", windowSize = 0): ConnectionDefinition {
  const keys = deriveMasterKeys({ suite: DEFAULT_SUITE, passphrase });
  return { mux, role, kdPrf: "aes-ctr-128", keys, windowSize };
}

function configured(mux: number, host?: string, passphrase?: string): ConfiguredConnection {
  const remote = host === undefined ? undefined : { host, port: 4444 };
  return { ...definition(mux, passphrase), remote, family: "any" };
}

function route(text: string, mux: number): Route {
  const [address = "", length] = text.split("/");
  return { address: parseAddress(address), length: Number(length), mux };
}

const at = (host: string): Int32Array => endpointOf(parseAddress(host), 4444);

const state = (changes: Partial<ConfiguredState> = {}): ConfiguredState => ({
  ...NOTHING_CONFIGURED,
  ...changes,
});

const setUp = (routing: Routing = "routes", kind: "tun" | "tap" = "tun") => {
  const book = new MemoryBook();
  const { log, lines } = memoryLog();
  const commands: ConnectionCommand[] = [];
  const followed: string[] = [];
  const connections = new Connections({
    routing,
    kind,
    book,
    log,
    clock: new FakeClock(),
    follow: ({ mux, remote }) => {
      followed.push(`${mux} ${remote.host}`);
      return { close: () => void followed.push(`${mux} end`) };
    },
  });
  const events: ConnectionEvent[] = [];
  connections.listen((event) => events.push(event));
  /** What the data plane is told in this turn of the event loop. */
  const told = async (): Promise<ConnectionCommand[]> => {
    await new Promise((resolve) => setImmediate(resolve));
    return commands.splice(0);
  };
  const start = (first: ConfiguredState): ConnectionCommand[] => {
    connections.configure(first);
    const before = connections.firstCommands();
    connections.attach({ command: (command) => commands.push(command) });
    events.length = 0;
    return before;
  };
  return { book, lines, connections, events, told, start, followed };
};

const setups = (commands: readonly ConnectionCommand[]) =>
  commands.flatMap((command) => (command.type === "connections" ? command.setups : []));

const kinds = (commands: readonly ConnectionCommand[]): string[] => commands.map(({ type }) => type);

const block = (first: number): SequenceRange => ({ senderId: 0, first, end: first + FIRST_BLOCK });

describe("the configuration", () => {
  it("comes before the first packet, with numbers of each mux reserved at once", () => {
    const { start, book, followed } = setUp();
    const commands = start(
      state({
        connections: [configured(1, "a.example"), configured(2)],
        routes: [route("10.0.0.0/8", 1), route("10.1.0.0/16", 2)],
      }),
    );
    expect(kinds(commands)).toEqual(["connections", "routes"]);
    expect(setups(commands)).toMatchObject([
      { mux: 1, sequence: block(0), windowSize: 0 },
      { mux: 2, sequence: block(0), windowSize: 0 },
    ]);
    expect(book.calls).toBe(1);
    expect(followed).toEqual(["1 a.example"]);
  });

  it("does not start without numbers", () => {
    const { connections, book } = setUp();
    book.failures.push(new AnytunError("state", "no space"));
    connections.configure(state({ connections: [configured(1)] }));
    expect(() => connections.firstCommands()).toThrow("no space");
  });

  it("read again leaves alone what is the same", async () => {
    const { start, connections, told, events, followed } = setUp();
    const first = (): ConfiguredState =>
      state({ connections: [configured(1, "a.example")], strangers: definition(0), routes: [route("10.0.0.0/8", 1)] });
    start(first());
    await told();
    followed.length = 0;
    connections.configure(first());
    expect(await told()).toEqual([]);
    expect([events, followed]).toEqual([[], []]);
  });

  it("read again changes in place what is different, and only that", async () => {
    const { start, connections, told, followed } = setUp();
    const kept = configured(3, "c.example");
    start(state({ connections: [configured(1, "a.example"), configured(2, "b.example"), kept] }));
    await told();
    const windowed = { ...configured(2, "b2.example"), windowSize: 64 };
    connections.configure(state({ connections: [configured(1, "a.example", "two"), windowed, kept, configured(4)] }));
    const changes = setups(await told());
    expect(changes.map(({ mux }) => mux).sort()).toEqual([1, 2, 4]);
    const [one, two, four] = changes;
    expect(one).toMatchObject({ context: { tagBytes: 10 } });
    expect(one).not.toHaveProperty("sequence");
    expect(one).not.toHaveProperty("windowSize");
    expect(two).toEqual({ mux: 2, windowSize: 64 });
    expect(four).toMatchObject({ mux: 4, sequence: block(0) });
    expect(followed.slice(3)).toEqual(["2 b2.example", "2 end"]);
  });

  it("read again gives everybody another cipher and tag, also who was detected or comes from the cluster", async () => {
    const { start, connections, told } = setUp();
    start(state({ strangers: definition(0) }));
    connections.onEvent({ type: "peer-detected", mux: 7, endpoint: at("192.0.2.1"), heardMs: 1 });
    connections.setRemote(definition(8));
    await told();
    const suite = { ...DEFAULT_SUITE, cipher: "aes-ctr-256", tagBytes: 20 } as const;
    connections.configure(state({ suite, strangers: definition(0) }));
    const commands = await told();
    expect(commands).toMatchObject([
      { type: "connections", setups: [7, 8].map((mux) => ({ mux, context: { cipherKeyBytes: 32, tagBytes: 20 } })) },
      { type: "strangers", strangers: { context: { cipherKeyBytes: 32, tagBytes: 20 } } },
    ]);
    connections.configure(state({ suite, strangers: definition(0) }));
    expect(await told()).toEqual([]);
  });

  it("read again removes what it no longer names", async () => {
    const { start, connections, told, events, followed } = setUp();
    start(state({ connections: [configured(1, "a.example"), configured(2)], routes: [route("10.0.0.0/8", 1)] }));
    await told();
    connections.configure(state({ connections: [configured(2)] }));
    const commands = await told();
    expect(commands).toMatchObject([{ type: "remove-connections", muxes: [1] }, { type: "routes" }]);
    expect(followed.at(-1)).toBe("1 end");
    expect(connections.connections().map(({ mux }) => mux)).toEqual([2]);
    expect(connections.routes()).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(["connection-removed", "route-removed"]);
  });

  const bad: [string, Partial<ConfiguredState>, string][] = [
    ["a mux twice", { connections: [configured(1), configured(1)] }, "connection 1: defined twice"],
    [
      "a window that is too large",
      { connections: [{ ...configured(1), windowSize: 2 ** 24 + 1 }] },
      "connection 1: replay window of 16777217 packets: expected 0 to 16777216",
    ],
    [
      "a key that does not fit",
      { connections: [{ ...configured(1), kdPrf: "aes-ctr-256" }] },
      "connection 1: key of 16 bytes: aes-ctr-256 needs 32",
    ],
    [
      "a salt where there is no key",
      {
        strangers: {
          ...definition(0),
          kdPrf: "null",
          keys: { masterKey: new Uint8Array(), masterSalt: new Uint8Array(14) },
        },
      },
      "connection 0: salt of 14 bytes: expected 0",
    ],
    ["a mux that no header holds", { connections: [configured(65_536)] }, "mux 65536: expected 0 to 65535"],
    [
      "a route that is too long",
      { routes: [route("10.0.0.0/33", 1)] },
      "route with a prefix of 33 bits: expected 0 to 32",
    ],
    ["a route to no mux", { routes: [route("10.0.0.1/8", -1)] }, "route 10.0.0.0/8: mux -1: expected 0 to 65535"],
  ];
  it.each(bad)("with %s changes nothing at all", async (_, changes, text) => {
    const { start, connections, told, events } = setUp();
    start(state({ connections: [configured(7)], routes: [route("10.0.0.0/8", 7)] }));
    await told();
    expect(() => connections.configure(state({ connections: [configured(9)], ...changes }))).toThrow(text);
    expect(await told()).toEqual([]);
    expect(events).toEqual([]);
    expect(connections.connections().map(({ mux }) => mux)).toEqual([7]);
  });
});

describe("strangers", () => {
  it("get numbers of the own mux, once", async () => {
    const { start, connections, told } = setUp();
    const commands = start(state({ strangers: definition(0) }));
    expect(commands).toMatchObject([{ type: "strangers", strangers: { sequence: block(0), windowSize: 0 } }]);
    connections.configure(state({ strangers: definition(0, "two") }));
    const [again] = await told();
    expect(again).toMatchObject({ type: "strangers", strangers: { windowSize: 0 } });
    expect(again).not.toHaveProperty("strangers.sequence");
  });

  it("become connections, with numbers of their mux where that is in the header", async () => {
    const single = setUp("single");
    single.start(state({ strangers: definition(0) }));
    single.connections.onEvent({ type: "peer-detected", mux: 7, endpoint: at("192.0.2.1"), heardMs: 1 });
    expect(await single.told()).toEqual([]);
    expect(single.events).toMatchObject([{ type: "connection", change: "added", origin: "local" }]);
    expect(single.connections.get(7)).toMatchObject({ mux: 7, sequence: FIRST_BLOCK, endpoint: at("192.0.2.1") });

    const routes = setUp("routes");
    routes.start(state({ strangers: definition(0) }));
    routes.connections.onEvent({ type: "peer-detected", mux: 7, endpoint: at("192.0.2.1"), heardMs: 1 });
    expect(setups(await routes.told())).toEqual([{ mux: 7, sequence: block(0) }]);
  });

  it("that were detected get new keys with the others, and go when nobody is expected any more", async () => {
    const { start, connections, told } = setUp("single");
    start(state({ strangers: definition(0) }));
    connections.onEvent({ type: "peer-detected", mux: 7, endpoint: at("192.0.2.1"), heardMs: 1 });
    connections.configure(state({ strangers: definition(0, "two") }));
    const commands = await told();
    expect(kinds(commands)).toEqual(["connections", "strangers"]);
    expect(setups(commands)).toMatchObject([{ mux: 7, context: {} }]);
    connections.configure(state({ connections: [configured(0)] }));
    expect(kinds(await told())).toEqual(["remove-connections", "connections", "strangers"]);
    expect(connections.connections().map(({ mux }) => mux)).toEqual([0]);
    connections.onEvent({ type: "peer-detected", mux: 9, endpoint: at("192.0.2.1"), heardMs: 1 });
    expect(await told()).toEqual([{ type: "remove-connections", muxes: [9] }]);
  });
});

describe("the cluster", () => {
  it("adds, overwrites and withdraws connections; an endpoint that it does not know stays", async () => {
    const { start, connections, told, events } = setUp();
    start(state());
    connections.setRemote({ ...definition(5), endpoint: at("192.0.2.5"), sequence: 4 });
    expect(setups(await told())).toMatchObject([{ mux: 5, endpoint: at("192.0.2.5"), sequence: block(4) }]);
    connections.setRemote({ ...definition(5, "two", "right"), sequence: 10 });
    const [change] = setups(await told());
    expect(change).toMatchObject({ mux: 5, context: {} });
    expect(change).not.toHaveProperty("endpoint");
    expect(change).not.toHaveProperty("sequence");
    expect(connections.get(5)).toMatchObject({ role: "right", endpoint: at("192.0.2.5") });
    connections.removeRemote(5);
    expect(await told()).toEqual([{ type: "remove-connections", muxes: [5] }]);
    expect(events.map(({ type, origin }) => `${type} ${origin}`)).toEqual([
      "connection remote",
      "connection remote",
      "connection-removed remote",
    ]);
  });

  it("never makes own numbers go down, and makes them go up", async () => {
    const { start, connections, told } = setUp();
    start(state({ connections: [configured(1)] }));
    connections.setRemote({ ...definition(1), sequence: 0 });
    expect(await told()).toEqual([]);
    connections.setRemote({ ...definition(1), sequence: 2_000_000 });
    expect(setups(await told())).toEqual([{ mux: 1, sequence: block(2_000_000) }]);
    expect(connections.get(1)?.sequence).toBe(2_000_000 + FIRST_BLOCK);
  });

  it("tells what it heard of replays", async () => {
    const { start, connections, told } = setUp();
    start(state({ connections: [configured(1)] }));
    const heard = [{ senderId: 3, newest: 77 }];
    connections.setRemote({ ...definition(1), heard });
    expect(setups(await told())).toEqual([{ mux: 1, heard }]);
  });

  it("is not undone by a configuration that is the same, and gives way to it when it withdraws", async () => {
    const { start, connections, told } = setUp();
    const first = state({ connections: [configured(1)], routes: [route("10.0.0.0/8", 1)] });
    start(first);
    connections.setRemote(definition(1, "two"));
    connections.setRemoteRoute(route("10.0.0.0/8", 2));
    connections.setRemoteRoute(route("10.9.9.9/16", 2));
    await told();
    connections.configure(first);
    expect(await told()).toEqual([]);
    expect(connections.routes().map(({ mux }) => mux)).toEqual([2, 2]);
    connections.removeRemote(1);
    connections.removeRemoteRoute(route("10.1.2.3/8", 0));
    connections.removeRemoteRoute(route("10.9.0.0/16", 0));
    expect(kinds(await told())).toEqual(["connections", "routes"]);
    expect(connections.get(1)?.keys).toEqual(definition(1).keys);
    expect(connections.routes()).toEqual([route("10.0.0.0/8", 1)]);
    // what it did not add it cannot withdraw
    connections.removeRemote(1);
    connections.removeRemoteRoute(route("10.0.0.0/8", 1));
    expect(await told()).toEqual([]);
  });

  it("is refused as a whole", async () => {
    const { start, connections, told } = setUp();
    start(state());
    expect(() => connections.setRemote({ ...definition(1), windowSize: 2 ** 31 })).toThrow("replay window");
    expect(() => connections.setRemoteRoute(route("10.0.0.0/99", 1))).toThrow("prefix of 99 bits");
    expect(await told()).toEqual([]);
    expect(connections.size).toBe(0);
  });

  it("shows routes in the order of the originals, as they were given", () => {
    const { connections } = setUp();
    for (const [text, mux] of [
      ["fd00::/8", 1],
      ["192.168.0.0/16", 2],
      ["10.1.2.3/16", 3],
      ["0.0.0.0/0", 4],
    ] as const) {
      connections.setRemoteRoute(route(text, mux));
    }
    expect(connections.routes().map(({ mux }) => mux)).toEqual([4, 3, 2, 1]);
    expect(connections.routes()[1]?.address).toEqual(parseAddress("10.1.2.3"));
  });

  it("is told of roaming and of names that were resolved, until it listens no more", async () => {
    const { start, connections, told } = setUp();
    start(state({ connections: [configured(1, "a.example")] }));
    const heard: ConnectionEvent[] = [];
    const end = connections.listen((event) => heard.push(event));
    connections.setEndpoint(1, at("192.0.2.1"));
    expect(setups(await told())).toEqual([{ mux: 1, endpoint: at("192.0.2.1") }]);
    connections.onEvent({ type: "endpoint-moved", mux: 1, endpoint: at("192.0.2.2"), heardMs: 1 });
    expect(await told()).toEqual([]);
    expect(heard).toMatchObject([
      { change: "moved", origin: "local", connection: { endpoint: at("192.0.2.1") } },
      { change: "moved", origin: "local", connection: { endpoint: at("192.0.2.2") } },
    ]);
    end();
    connections.onEvent({ type: "endpoint-moved", mux: 1, endpoint: at("192.0.2.3"), heardMs: 1 });
    expect(heard).toHaveLength(2);
  });
});

describe("a place with its time", () => {
  const remote = { ...definition(1), endpoint: at("192.0.2.1"), heardMs: 1000 };
  const where = ({ connections }: ReturnType<typeof setUp>) => connections.get(1)?.endpoint;

  it("counts when it is later than what is known, and for ties the greater one does", async () => {
    const one = setUp();
    one.start(state());
    one.connections.setRemote(remote);
    await one.told();
    expect(one.connections.setRemotePlace(1, at("192.0.2.2"), 999)).toBe("older");
    expect(one.connections.setRemotePlace(1, at("192.0.2.0"), 1000)).toBe("older");
    expect(where(one)).toEqual(at("192.0.2.1"));
    expect(one.connections.setRemotePlace(1, at("192.0.2.2"), 1000)).toBe("taken");
    expect(where(one)).toEqual(at("192.0.2.2"));
    expect(setups(await one.told())).toEqual([{ mux: 1, endpoint: at("192.0.2.2"), endpointHeardMs: 1000 }]);
    // the same place, heard later
    expect(one.connections.setRemotePlace(1, at("192.0.2.2"), 2000)).toBe("taken");
    expect(one.connections.setRemotePlace(1, at("192.0.2.1"), 1999)).toBe("older");
    expect(await one.told()).toEqual([]);
    expect(one.connections.setRemotePlace(9, at("192.0.2.1"), 1)).toBe("taken");
    expect(one.connections.size).toBe(1);
  });

  it("wins over what the data plane said before it was told", async () => {
    const one = setUp();
    one.start(state());
    one.connections.setRemote(remote);
    one.connections.onEvent({ type: "endpoint-moved", mux: 1, endpoint: at("192.0.2.2"), heardMs: 900 });
    one.connections.onEvent({ type: "endpoint-kept", mux: 1, endpoint: at("192.0.2.2"), heardMs: 999 });
    expect(where(one)).toEqual(at("192.0.2.1"));
    const heard: ConnectionEvent[] = [];
    one.connections.listen((event) => heard.push(event));
    one.connections.onEvent({ type: "endpoint-kept", mux: 1, endpoint: at("192.0.2.2"), heardMs: 1001 });
    expect(where(one)).toEqual(at("192.0.2.2"));
    expect(heard).toMatchObject([{ change: "kept", origin: "local", connection: { heardMs: 1001 } }]);
  });
});

describe("numbers", () => {
  it("come from the own mux while everything goes to one connection", async () => {
    const { start, connections, told } = setUp("single");
    start(state({ connections: [configured(3)] }));
    connections.setRemote(definition(4));
    // no number twice: both stand in headers with the own mux
    expect(setups(await told())).toMatchObject([{ mux: 4, sequence: block(FIRST_BLOCK) }]);
    connections.onEvent({ type: "sequence-low", mux: 3 });
    expect(await told()).toMatchObject([{ type: "sequence", mux: 3, range: { first: 2 * FIRST_BLOCK } }]);
  });

  it("are new when other muxes stand in the headers, and the switch comes first", async () => {
    const { start, connections, told } = setUp("single");
    start(state({ connections: [configured(0), configured(3)] }));
    connections.setRouting("routes");
    connections.onEvent({ type: "sequence-low", mux: 3 });
    const commands = await told();
    expect(kinds(commands)).toEqual(["headers", "sequence"]);
    expect(commands[0]).toMatchObject({ routing: "routes", numbers: [{ mux: 3, range: block(0) }] });
    expect(commands.at(-1)).toMatchObject({ range: { first: FIRST_BLOCK } });
    expect(connections.routing).toBe("routes");
  });

  it("are new when the own mux is another one, for everybody whose header it is in", async () => {
    const single = setUp("single");
    single.start(state({ strangers: definition(0) }));
    single.connections.onEvent({ type: "peer-detected", mux: 7, endpoint: at("192.0.2.1"), heardMs: 1 });
    single.connections.configure(state({ ownMux: 9, strangers: definition(9) }));
    // of mux 9, each once
    expect(await single.told()).toMatchObject([
      { type: "headers", routing: "single", ownMux: 9, numbers: [{ mux: 7, range: block(0) }] },
      { type: "strangers", strangers: { sequence: block(FIRST_BLOCK) } },
    ]);

    const routes = setUp("routes");
    routes.start(state({ connections: [configured(0), configured(3)] }));
    routes.connections.configure(state({ ownMux: 9, connections: [configured(9), configured(3)] }));
    const commands = await routes.told();
    expect(kinds(commands)).toEqual(["remove-connections", "headers", "connections"]);
    expect(commands[1]).toMatchObject({ routing: "routes", ownMux: 9, numbers: [] });
    expect(setups(commands)).toMatchObject([{ mux: 9, sequence: block(0) }]);
  });

  it("come from another book from now on, for all", async () => {
    const { start, connections, told } = setUp("routes");
    start(state({ connections: [configured(3)], strangers: definition(0) }));
    const book = new MemoryBook();
    book.reserve([{ mux: 3, count: 5 }]);
    connections.setBook(book);
    expect(await told()).toMatchObject([
      { type: "connections", setups: [{ mux: 3, sequence: block(5) }] },
      { type: "strangers", strangers: { sequence: block(0) } },
    ]);
    connections.onEvent({ type: "sequence-low", mux: 3 });
    expect(await told()).toMatchObject([{ type: "sequence", range: { first: 5 + FIRST_BLOCK } }]);
  });

  it("that cannot be reserved now are reserved with the first frame", async () => {
    const { start, connections, told, book, lines } = setUp();
    start(state());
    book.failures.push(new AnytunError("state", "no space"));
    connections.setRemote(definition(4));
    const [setup] = setups(await told());
    expect(setup).toMatchObject({ mux: 4, context: {} });
    expect(setup).not.toHaveProperty("sequence");
    expect(lines).toEqual(["ERROR: no space"]);
    connections.onEvent({ type: "sequence-low", mux: 4 });
    expect(await told()).toMatchObject([{ type: "sequence", mux: 4, range: block(0) }]);
    connections.onEvent({ type: "sequence-low", mux: 5 });
    expect(await told()).toEqual([]);
  });

  it("need a tun device to follow routes", () => {
    const { connections } = setUp("single", "tap");
    expect(() => connections.setRouting("routes")).toThrow("routes need a tun device");
  });
});

describe("many at once", () => {
  it("are few messages, one reservation, and little time", async () => {
    const { start, connections, told, book } = setUp();
    start(state());
    const keys = definition(0);
    // of the processor: others may want it at the same time
    const begin = process.cpuUsage();
    for (let mux = 0; mux < 10_000; mux++) {
      connections.setRemote({ ...keys, mux, endpoint: at("192.0.2.1") });
      for (let i = 0; i < 5; i++) {
        const words = [(10 << 24) | (mux << 8) | (i << 5), 0, 0, 0] as const;
        connections.setRemoteRoute({ address: { family: 4, words }, length: 27, mux });
      }
    }
    const commands = await told();
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(1500);
    expect(setups(commands)).toHaveLength(10_000);
    expect(commands.length).toBeLessThan(500);
    expect(book.calls).toBe(1);
    expect([connections.size, connections.routes().length]).toEqual([10_000, 50_000]);
  });

  it("that change twice are told once, and what came and went does not stay", async () => {
    const { start, connections, told } = setUp();
    start(state());
    connections.setRemote(definition(1));
    connections.setRemote({ ...definition(1), endpoint: at("192.0.2.1") });
    connections.setRemote({ ...definition(1), endpoint: at("192.0.2.2") });
    connections.setRemote(definition(2));
    connections.removeRemote(2);
    const commands = await told();
    expect(kinds(commands)).toEqual(["remove-connections", "connections"]);
    expect(setups(commands)).toMatchObject([{ mux: 1, endpoint: at("192.0.2.2") }]);
  });
});

it("has room for a bounded number of routes of the cluster, which may still be pointed elsewhere", () => {
  const list = new RouteList(new PlaneCommands(), new Listeners(), 2);
  list.setRemote(route("10.0.0.0/8", 1));
  list.setRemote(route("fd00::/8", 1));
  expect(() => list.setRemote(route("10.0.0.0/9", 1))).toThrow("more than 2 routes");
  list.setRemote(route("10.0.0.0/8", 2));
  list.configure([route("172.16.0.0/12", 3)]);
  expect(list.all().map(({ mux }) => mux)).toEqual([2, 3, 1]);
});

it("says nothing after its end", async () => {
  const { start, connections, told, followed } = setUp();
  start(state({ connections: [configured(1, "a.example")] }));
  await told();
  connections.setRemote(definition(2));
  connections.close();
  connections.close();
  connections.setRemote(definition(3));
  expect(await told()).toEqual([]);
  expect(followed.filter((text) => text === "1 end")).not.toEqual([]);
});
