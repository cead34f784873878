import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_SUITE, formatEndpoint } from "satp-core";
import {
  type ConnectionCommand,
  clusterTls,
  connector,
  decodeCommand,
  encodeCommand,
  encodeFrame,
  FrameReader,
  listenSync,
  parseHostAddress,
  SyncClient,
  SyncHub,
  type SyncListener,
} from "satp-sync";
import { requires } from "satp-tools/lab";
import { afterEach, describe, expect, it } from "vitest";
import { expiryWarning, readTlsFiles } from "../../../src/cluster/tls-files.ts";
import { NOTHING_CONFIGURED } from "../../../src/daemon/connections/desired-state.ts";
import { makeCertificate } from "../../support/certificates.ts";
import { ClusterNode, definition, keysOf, type NodeOptions, route } from "../../support/cluster-node.ts";
import { markPages } from "../../support/mark-pages.ts";
import { scratchDir } from "../../support/scratch.ts";
import { until } from "../../support/until.ts";

const nodes: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
});

function node(options: NodeOptions = {}): ClusterNode {
  const made = new ClusterNode(options);
  nodes.push(made);
  return made;
}

function closing(hub: SyncHub, listener: SyncListener): { close(): Promise<void> } {
  return {
    close: () => {
      hub.close();
      return listener.close();
    },
  };
}

/** Nodes that follow one another, each with a sender id of its own. */
async function cluster(...options: NodeOptions[]): Promise<ClusterNode[]> {
  const made: ClusterNode[] = [];
  for (const [index, one] of options.entries()) {
    made.push(await node({ senderId: index + 1, hosts: made.map(({ port }) => port), ...one }).start());
  }
  return made;
}

const at = (one: ClusterNode, mux: number): string | undefined => {
  const endpoint = one.connections.get(mux)?.endpoint;
  return endpoint === undefined ? undefined : formatEndpoint(endpoint);
};

describe("a node that joins", () => {
  it("has everything when its start is over, keys and all", async () => {
    const [first, second] = await cluster(
      {
        state: {
          connections: [{ ...definition(7, "seven"), remote: undefined, family: "any" }],
          routes: [route("10.7.0.0/16", 7), route("128.0.0.0/1", 7), route("2001:db8::/32", 7)],
        },
      },
      {},
    );
    first?.move(7, "192.0.2.7");
    const third = await node({ senderId: 3, hosts: [first?.port ?? 0] }).start();
    expect(third.connections.get(7)).toMatchObject({ role: "left", keys: keysOf("seven"), kdPrf: "aes-ctr-128" });
    expect(at(third, 7)).toBe("192.0.2.7:4444");
    expect(third.connections.routes().map(({ mux }) => mux)).toEqual(new Array(10).fill(7));
    await until(() => second !== undefined && second.connections.size === 1);
  });

  it("serves a client of an original the bytes of one", async () => {
    const [server] = await cluster({
      state: {
        connections: [{ ...definition(7, "seven"), remote: undefined, family: "any" }],
        routes: [route("10.0.0.0/8", 7)],
      },
    });
    const texts: string[] = [];
    const socket = await connector({ host: "127.0.0.1", port: server?.port ?? 0 })(new AbortController().signal);
    const reader = new FrameReader();
    socket.on("data", (chunk) => {
      reader.push(chunk, (archive) => texts.push(Buffer.from(archive).toString("latin1")) > 0);
    });
    await until(() => texts.length >= 2);
    expect(texts[0]).toMatch(
      /^22 serialization::archive 18 0 0 10 connection 0 0 7 0 0 0 0 0 128 0 0 14 (\d+ ){14}16 (\d+ ){16}0 0 0 \d+ 7 0\.0\.0\.0 0$/,
    );
    expect(texts[1]).toBe("22 serialization::archive 18 0 0 5 route 0 0 0 0 8 0 0 0 8 10.0.0.0 7");
    server?.move(7, "192.0.2.9");
    await until(() => texts.length >= 3);
    expect(texts[2]).toMatch(/ 9 192\.0\.2\.9 4444$/);
    // long enough for a reading of the clock
    await new Promise((resolve) => setTimeout(resolve, 1500));
    server?.move(7, "192.0.2.10");
    await until(() => texts.length >= 4);
    expect(texts[3]).toMatch(/ 10 192\.0\.2\.10 4444$/);
    expect(texts.filter((text) => !/^22 serialization::archive 18 0 0 (10 connection|5 route) /.test(text))).toEqual(
      [],
    );
    socket.destroy();
  });
});

describe("what changes at one node", () => {
  it("is known at the others: detected, moved, added by the configuration, withdrawn", async () => {
    const strangers = definition(0, "one");
    const [first, second] = await cluster({ state: { strangers } }, {});
    const [a, b] = [first as ClusterNode, second as ClusterNode];
    a.detect(5, "192.0.2.5");
    await until(() => at(b, 5) === "192.0.2.5:4444");
    a.move(5, "2001:db8::5", 5);
    await until(() => at(b, 5) === "[2001:db8::5]:5");
    const seven = { ...definition(7), remote: undefined, family: "any" as const };
    a.connections.configure({
      ...NOTHING_CONFIGURED,
      connections: [seven],
      strangers,
      routes: [route("10.0.0.0/8", 7)],
    });
    await until(() => b.connections.size === 2 && b.connections.routeCount === 1);
    a.connections.configure({ ...NOTHING_CONFIGURED, strangers });
    await until(() => b.connections.size === 1 && b.connections.routeCount === 0);
  });

  it("is passed on by nobody", async () => {
    const first = await node({
      senderId: 1,
      state: { connections: [{ ...definition(7), remote: undefined, family: "any" }] },
    }).start();
    const second = await node({ senderId: 2, hosts: [first.port] }).start();
    const third = await node({ senderId: 3, hosts: [second.port] }).start();
    expect(third.connections.size).toBe(1);
    first.move(7, "192.0.2.7");
    await until(() => at(second, 7) !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(at(third, 7)).toBeUndefined();
  });

  it("never lowers anybody's sequence numbers, and does not use them up", async () => {
    const [first, second] = await cluster({ state: { strangers: definition(0) } }, {});
    const [a, b] = [first as ClusterNode, second as ClusterNode];
    a.detect(5, "192.0.2.5");
    await until(() => b.connections.size === 1);
    const before = [a, b].map((one) => one.connections.get(5)?.sequence ?? 0);
    for (let i = 0; i < 200; i++) (i % 2 === 0 ? a : b).move(5, `192.0.2.${i}`);
    // only one follows the other: what both believe in the end is news of that one
    await new Promise((resolve) => setTimeout(resolve, 20));
    a.move(5, "192.0.2.250");
    await until(() => at(a, 5) === at(b, 5));
    const after = [a, b].map((one) => one.connections.get(5)?.sequence ?? 0);
    expect(after).toEqual(before.map((value, i) => Math.max(value, after[i] ?? 0)));
    for (const one of [a, b]) expect(one.ranges(5).length).toBeLessThanOrEqual(1);
  });
});

describe("keys", () => {
  it("may be left out of the stream, for nodes that have the same", async () => {
    const options: NodeOptions = { cluster: { plainSecrets: false }, state: { strangers: definition(0) } };
    const [first, second] = await cluster(options, { ...options, passphrase: "one" });
    const [a, b] = [first as ClusterNode, second as ClusterNode];
    a.detect(5, "192.0.2.5");
    await until(() => at(b, 5) === "192.0.2.5:4444");
    expect(b.connections.get(5)?.keys).toEqual(keysOf("one"));
    expect(a.lines.filter((line) => line.includes("hands the keys"))).toEqual([]);
    const guest = await node({ senderId: 9, passphrase: undefined, hosts: [a.port] }).start();
    await until(() => guest.lines.some((line) => line.includes("has no keys that this node could use")));
    expect(guest.connections.size).toBe(0);
  });

  it("of the message count where the node has none of its own", async () => {
    const first = await node({ state: { strangers: definition(0) } }).start();
    first.detect(5, "192.0.2.5");
    const guest = await node({ senderId: 2, passphrase: undefined, hosts: [first.port] }).start();
    expect(guest.connections.get(5)?.keys).toEqual(keysOf("one"));
  });

  it("are none where the node derives none", async () => {
    const suite = { ...DEFAULT_SUITE, kdPrf: "null" } as const;
    const first = await node({ state: { strangers: definition(0) } }).start();
    first.detect(5, "192.0.2.5");
    const plain = await node({ senderId: 2, suite, hosts: [first.port] }).start();
    expect(plain.connections.get(5)?.kdPrf).toBe("null");
  });

  it("never come from a message without any", async () => {
    const told: ConnectionCommand = {
      ...{ type: "connection", mux: 5, role: 0, keyBits: 0, windowSize: 0, sequence: 0, port: 4444 },
      ...{
        salt: new Uint8Array(0),
        key: new Uint8Array(0),
        host: parseHostAddress("192.0.2.5") ?? { family: 4, words: [0, 0, 0, 0] },
      },
    };
    const hub = new SyncHub({ snapshot: () => [encodeFrame(encodeCommand(told))] });
    const listener = await listenSync(hub, { addresses: [{ family: 4, address: "127.0.0.1", port: 0 }] });
    nodes.push(closing(hub, listener));
    const one = await node({ hosts: listener.ports }).start();
    await until(() => one.lines.some((line) => line.includes("has no keys")));
    expect(one.connections.size).toBe(0);
  });
});

describe("two nodes with one sender id", () => {
  it("do not start together", async () => {
    const first = await node({ senderId: 7 }).start();
    await expect(node({ senderId: 7, hosts: [first.port] }).start()).rejects.toThrow(
      /sender id 7, the same and the same role: both use the same key streams; give each node a -s of its own/,
    );
    expect(first.lines.some((line) => line.startsWith("ERROR: ") && line.includes("same key streams"))).toBe(true);
  });

  it("nor with ids that meet in a later epoch", async () => {
    const first = await node({ senderId: 7 }).start();
    await expect(node({ senderId: 263, hosts: [first.port] }).start()).rejects.toThrow("the same low byte as 263");
  });

  it("may, without keys or as the other end", async () => {
    const suite = { ...DEFAULT_SUITE, kdPrf: "null" } as const;
    const first = await node({ senderId: 7 }).start();
    await node({ senderId: 7, suite, hosts: [first.port] }).start();
    await node({ senderId: 7, role: "right", hosts: [first.port] }).start();
  });

  it("are told of it in the log when they meet later", async () => {
    const first = await node({ senderId: 7 }).listen();
    const follower = new SyncClient({
      connect: connector({ host: "127.0.0.1", port: first.port }),
      hello: () => ({ type: "hello", version: 1, node: "late", sender: { id: 7, role: 0 } }),
      events: { entry: () => undefined },
    });
    nodes.push(follower);
    await until(() => first.lines.some((line) => line.startsWith("ERROR: ") && line.includes("node late")));
    // what a client says of itself does not stop the node
    await first.follow();
  });
});

describe("the start", () => {
  it("waits a while for the first server that is there, and says who was not", async () => {
    const alone = node({ hosts: [1] });
    await alone.listen();
    let isOver = false;
    const start = alone.follow().then(() => {
      isOver = true;
    });
    // it has tried more than once by then, and goes on trying
    await until(() => alone.status?.followed[0]?.state === "waiting");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(isOver).toBe(false);
    await start;
    expect(alone.lines.filter((line) => line.includes("cannot be reached"))).toHaveLength(1);
    expect(alone.lines.at(-1)).toBe("WARNING: sync: begins without all that 127.0.0.1:1 would have told");
  });

  it("does not wait for one of them when another has told everything, nor for itself", async () => {
    const first = await node().start();
    const begunMs = performance.now();
    const second = await node({ senderId: 2, hosts: [1, first.port] }).start();
    const self = node({ senderId: 3 });
    await self.listen();
    expect(performance.now() - begunMs).toBeLessThan(2500);
    expect(second.lines.at(-1)).toBe("WARNING: sync: begins without all that 127.0.0.1:1 would have told");
  });

  it("fails for a port that is taken", async () => {
    const first = await node().start();
    const { port } = first;
    const second = node({ cluster: { listen: { host: "127.0.0.1", port } } });
    await expect(second.listen()).rejects.toThrow(`the cluster port: cannot listen on 127.0.0.1:${port}`);
    expect(second.lines.some((line) => line.startsWith("ERROR: sync server bind/listen failed: bind: "))).toBe(true);
  });

  it("warns of keys on a public port", async () => {
    const one = await node({ cluster: { listen: { host: undefined, port: 0 } } }).start();
    expect(one.lines.filter((line) => line.includes("hands the keys"))).toHaveLength(1);
  });
});

describe("a control host", () => {
  it("takes away what it no longer tells after an absence, and nothing that a node tells", async () => {
    const snapshots: Uint8Array[][] = [];
    const frame = (mux: number): Uint8Array => {
      const { keys } = definition(mux);
      const told: ConnectionCommand = {
        ...{ type: "connection", mux, role: 0, keyBits: 128, windowSize: 0, sequence: 0, port: 0 },
        ...{ salt: keys.masterSalt, key: keys.masterKey, host: { family: 4, words: [0, 0, 0, 0] } },
      };
      return encodeFrame(encodeCommand(told));
    };
    snapshots.push([frame(1), frame(2)], [frame(2)]);
    const serve = async (port: number): Promise<SyncListener> => {
      const pieces = snapshots.shift() ?? [];
      const hello = { type: "hello", version: 1, node: "control", sender: undefined } as const;
      const hub = new SyncHub({ snapshot: () => pieces, hello: () => hello });
      const listener = await listenSync(hub, { addresses: [{ family: 4, address: "127.0.0.1", port }] });
      nodes.push(closing(hub, listener));
      return listener;
    };
    const first = await serve(0);
    const other = await node({
      senderId: 1,
      state: { connections: [{ ...definition(9), remote: undefined, family: "any" }] },
    }).start();
    const one = await node({ senderId: 2, hosts: [...first.ports, other.port] }).start();
    expect(one.connections.connections().map(({ mux }) => mux)).toEqual([1, 2, 9]);
    await nodes[0]?.close();
    await serve(first.ports[0] ?? 0);
    await until(() => one.connections.size === 2);
    expect(one.connections.connections().map(({ mux }) => mux)).toEqual([2, 9]);
  });
});

describe("replay marks", () => {
  it("reach the other nodes", async () => {
    const pages = markPages(5, 77, [1000, 2000, 3000]);
    const first = await node({ senderId: 1, state: { strangers: definition(0) }, peers: pages }).start();
    first.detect(5, "192.0.2.5");
    const second = await node({ senderId: 2, hosts: [first.port] }).start();
    const heard = () =>
      second.commands.flatMap((command) =>
        command.type === "connections" ? command.setups.flatMap(({ heard: marks }) => marks ?? []) : [],
      );
    await until(() => heard().length > 0);
    expect(heard()[0]).toEqual({ senderId: 77, newest: 1000 });
  });
});

describe("with certificates", requires("openssl"), () => {
  it("nodes follow one another over TLS, and an original through the plain port", async () => {
    const dir = scratchDir();
    const [one, two] = ["one", "two"].map((name) => readTlsFiles(makeCertificate(dir, name)));
    if (one === undefined || two === undefined) throw new Error("no certificates");
    const first = await node({
      ...{ senderId: 1, tls: one, state: { strangers: definition(0) } },
      cluster: { plainListen: { host: "127.0.0.1", port: 0 } },
    }).start();
    first.detect(5, "192.0.2.5");
    const second = await node({ senderId: 2, tls: two, hosts: [first.port] }).start();
    expect(at(second, 5)).toBe("192.0.2.5:4444");
    const plain: string[] = [];
    const client = new SyncClient({
      connect: connector({ host: "127.0.0.1", port: first.ports[1] ?? 0 }),
      events: { entry: ({ type, mux }) => plain.push(`${type} ${mux}`) },
    });
    nodes.push(client);
    await until(() => plain.length > 0);
    expect(plain).toEqual(["connection 5"]);
  });

  it("who has none, one of another authority, or speaks no TLS is sent away, and both ends say why", async () => {
    const dir = scratchDir();
    const [one, alien] = [
      readTlsFiles(makeCertificate(dir, "one")),
      readTlsFiles(makeCertificate(dir, "two", "other")),
    ];
    if (one === undefined || alien === undefined) throw new Error("no certificates");
    const server = await node({ ...{ senderId: 1, tls: one }, state: { strangers: definition(0) } }).start();
    server.detect(5, "192.0.2.5");
    const clients = {
      stranger: node({ senderId: 2, tls: alien, hosts: [server.port] }),
      // knows the authority, and has a certificate of another
      liar: node({ senderId: 3, tls: { ...alien, ca: one.ca }, hosts: [server.port] }),
      plain: node({ senderId: 4, hosts: [server.port] }),
    };
    for (const client of Object.values(clients)) await (await client.listen()).follow();
    const reasons = (): (string | null | undefined)[] =>
      Object.values(clients).map(({ status }) => status?.followed[0]?.last_error);
    await until(() => reasons().every((reason) => typeof reason === "string"));
    expect(reasons()).toEqual([
      expect.stringMatching(/certificate/),
      "closed before it said anything: it may not accept this certificate",
      expect.stringMatching(/TLS$/),
    ]);
    for (const { connections } of Object.values(clients)) expect(connections.size).toBe(0);
    const told = (): string => server.lines.join("\n");
    await until(() => told().includes("TLS handshake failed: the client does not speak TLS"));
    expect(told()).toMatch(/sync client 127\.0\.0\.1:\d+ was sent away: TLS handshake failed: certificate refused: /);
    expect(told()).not.toMatch(/sync client :0|new sync client connected/);
    expect(server.status?.sync_servers[0]).toMatchObject({ clients: [], frames_out: 0, link_bytes_out: 0 });
  });

  it("that are no certificates, or none for long, are known at the start", async () => {
    const dir = scratchDir();
    const files = makeCertificate(dir, "one");
    const junk = join(dir, "junk");
    writeFileSync(junk, "junk\n");
    expect(() => readTlsFiles({ ...files, ca: junk })).toThrow(/certificate, key or authority cannot be used/);
    const tls = readTlsFiles(files);
    if (tls === undefined) throw new Error("no certificates");
    const short = await node({ tls }).start();
    expect(short.lines.join("\n")).toMatch(/WARNING.*--sync-tls-cert: the certificate ends on \d{4}-\d\d-\d\d/);
    const { validUntil } = clusterTls(tls);
    expect(expiryWarning({ validUntil }, validUntil.getTime() - 15 * 86_400_000)).toBeUndefined();
    expect(expiryWarning({ validUntil }, validUntil.getTime() + 1)).toContain("ended on");
  });
});

it("an entry that an original would not survive is left out, and the rest is taken", async () => {
  const bad = "22 serialization::archive 18 0 0 5 route 0 0 0 0 1 0 0 0 9 128.0.0.0 7";
  const good = "22 serialization::archive 18 0 0 5 route 0 0 0 0 8 0 0 0 8 10.0.0.0 7";
  expect(decodeCommand(Buffer.from(bad)).type).toBe("route");
  const hub = new SyncHub({ snapshot: () => [encodeFrame(bad), encodeFrame(bad), encodeFrame(good)] });
  const listener = await listenSync(hub, { addresses: [{ family: 4, address: "127.0.0.1", port: 0 }] });
  nodes.push(closing(hub, listener));
  const one = await node({ hosts: listener.ports }).listen();
  void one.follow();
  await until(() => one.connections.routeCount === 1);
  expect(one.lines.filter((line) => line.includes("unusable hanging prefix"))).toHaveLength(1);
});

describe("the status of a node", () => {
  it("names its ports, who listens there, whom it follows and what came of it", async () => {
    const first = await node({
      senderId: 1,
      state: {
        connections: [{ ...definition(7, "seven"), remote: undefined, family: "any" }],
        routes: [route("10.7.0.0/16", 7)],
      },
    }).start();
    const second = node({
      ...{ senderId: 2, hosts: [first.port, 1] },
      state: { routes: [route("10.8.0.0/16", 8)] },
    });
    await second.listen();
    expect(second.status).toMatchObject({ ready: false, first_sync: "waiting", followed: [] });
    await second.follow();
    expect(second.status).toMatchObject({
      ...{ ready: true, first_sync: "partial" },
      ...{ connections: 1, routes: 2, connections_from_others: 1, routes_from_others: 1 },
      sync_servers: [{ addresses: [`127.0.0.1:${second.port}`], tls: false, secrets: true, clients: [] }],
      followed: [
        {
          ...{ server: `127.0.0.1:${first.port}`, state: "connected", retry_seconds: null, last_error: null },
          ...{ told_everything: true, entries: 2, frames_out: 1, refused_frames: {} },
        },
        { server: "127.0.0.1:1", told_everything: false, entries: 0, frames_in: 0, node: null },
      ],
    });
    // connection, route, hello, clock, complete; then the clock again, each second
    const framesIn = second.status?.followed[0]?.frames_in ?? 0;
    expect(framesIn).toBeGreaterThanOrEqual(5);
    await until(() => second.status?.followed[1]?.state === "waiting");
    const away = second.status?.followed[1];
    expect(away?.last_error).toMatch(/ECONNREFUSED/);
    expect(away?.retry_seconds).toBeGreaterThan(0);
    const [port] = first.status?.sync_servers ?? [];
    expect(port).toMatchObject({ frames_in: 1, ended: {}, sent_away: {} });
    expect(port?.frames_out).toBeGreaterThanOrEqual(framesIn);
    expect(port?.clients).toMatchObject([{ queued_changes: 0, queued_bytes: 0, frames_out: port?.frames_out }]);
    expect(port?.clients[0]?.node).toMatch(/^[!-~]+\/[0-9a-f]{12}$/);
    expect(port?.clients[0]?.node).not.toBe(second.status?.followed[0]?.node);
    expect(first.status).toMatchObject({ ready: true, first_sync: "complete", connections_from_others: 0 });
  });

  it("counts what it could not use", async () => {
    const bad = "22 serialization::archive 18 0 0 5 route 0 0 0 0 1 0 0 0 9 128.0.0.0 7";
    const hub = new SyncHub({
      snapshot: () => [encodeFrame(bad), encodeFrame(bad), encodeFrame(bad.replace("archive", "Archive"))],
    });
    const listener = await listenSync(hub, { addresses: [{ family: 4, address: "127.0.0.1", port: 0 }] });
    nodes.push(closing(hub, listener));
    const one = await node({ hosts: listener.ports }).listen();
    void one.follow();
    await until(() => one.status?.followed[0]?.state === "waiting");
    expect(one.status?.followed).toMatchObject([
      { refused_frames: { "hanging prefix": 2, "invalid signature": 1 }, last_error: "invalid signature" },
    ]);
    one.connections.setRemote({ ...definition(3), endpoint: undefined });
    const secretless = await node({
      ...{ cluster: { plainSecrets: false } },
      ...{ senderId: 3, hosts: [one.port] },
    }).start();
    expect(secretless.connections.size).toBe(1);
    const keyless = await node({ passphrase: undefined, senderId: 4, hosts: [secretless.port] }).start();
    expect(keyless.status?.followed[0]?.refused_frames).toEqual({ "no keys": 1 });
  });
});
