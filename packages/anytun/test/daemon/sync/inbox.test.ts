/** Whose word counts: nodes, control hosts and originals tell different things about one peer. */

import {
  type ConnectionCommand,
  type Extension,
  encodeExtension,
  parseHostAddress,
  type RouteCommand,
} from "satp-sync";
import { afterEach, describe, expect, it } from "vitest";
import type { Source } from "../../../src/daemon/sync/source.ts";
import { keysOf } from "../../support/cluster-node.ts";
import { SimulatedLink, SimulatedNode, turn } from "../../support/simulated-node.ts";

const MUX = 7;
const OLD = "192.0.2.1";
const NEW = "192.0.2.2";
const OTHER = "192.0.2.3";

const hostOf = (text: string) => parseHostAddress(text) ?? { family: 4 as const, words: [0, 0, 0, 0] as const };

function told(host: string, passphrase = "one", mux = MUX): ConnectionCommand {
  const { masterKey: key, masterSalt: salt } = keysOf(passphrase);
  return {
    ...{ type: "connection", mux, role: 0, keyBits: 128, key, salt, windowSize: 0, sequence: 0 },
    ...{ host: hostOf(host), port: 4444 },
  };
}

function route(text: string, mux: number): RouteCommand {
  return { type: "route", address: hostOf(text), length: 24, mux };
}

const controlHello: Extension = { type: "hello", version: 2, node: "control", sender: undefined };
const nodeHello: Extension = { type: "hello", version: 2, node: "other", sender: { id: 9, role: 0 } };
const complete: Extension = { type: "complete" };

class World {
  readonly time = { nowMs: 0 };
  readonly node: SimulatedNode;

  constructor(muxes: readonly number[] = [MUX]) {
    this.node = new SimulatedNode(1, this.time, muxes);
  }

  async pass(ms: number): Promise<void> {
    this.time.nowMs += ms;
    this.node.tick();
    await turn();
  }

  /** A server that tells this and is what it says then. */
  connect(source: Source, ...messages: (ConnectionCommand | RouteCommand | Extension)[]): Source {
    source.connected();
    tell(source, ...messages);
    return source;
  }

  /** What our own nodes are told from now on. */
  heard(): Extension[] {
    const link = new SimulatedLink(this.node, new SimulatedNode(2, this.time, []));
    link.connect();
    link.waiting.length = 0;
    return link.waiting as Extension[];
  }

  /** A node of ours, whose clock is known. */
  async follow(...messages: (ConnectionCommand | RouteCommand | Extension)[]): Promise<Source> {
    const source = this.connect(this.node.inbox.source("other"), ...messages, nodeHello, this.clock(), complete);
    await this.pass(1000);
    tell(source, this.clock());
    return source;
  }

  clock(): Extension {
    return { type: "clock", nowMs: this.time.nowMs };
  }

  place(host: string, ageMs: number): Extension {
    return { type: "place", mux: MUX, nowMs: this.time.nowMs, ageMs, host: hostOf(host), port: 4444 };
  }
}

function tell(source: Source, ...messages: (ConnectionCommand | RouteCommand | Extension)[]): void {
  for (const message of messages) {
    if (message.type === "connection" || message.type === "route") source.entry(message);
    else source.extension(message);
  }
}

const worlds: World[] = [];
const world = (muxes?: readonly number[]): World => {
  const made = new World(muxes);
  worlds.push(made);
  return made;
};
afterEach(() => {
  for (const { node } of worlds.splice(0)) node.close();
});

describe("an original", () => {
  it("counts when it has told everything, until somebody knows better", async () => {
    const w = world();
    w.node.hear(MUX, NEW);
    await w.pass(5000);
    const original = w.connect(w.node.inbox.source("original"), told(OLD));
    await w.pass(500);
    expect(w.node.at(MUX)).toBe(`${NEW}:4444`);
    await w.pass(1000);
    expect(w.node.at(MUX)).toBe(`${OLD}:4444`);
    // heard before what it replaced was heard
    const other = await w.follow();
    tell(other, w.place(OTHER, w.time.nowMs + 1000));
    await turn();
    expect(w.node.at(MUX)).toBe(`${OLD}:4444`);
    // heard since, even if that was before the original told of its place
    tell(other, w.place(NEW, w.time.nowMs - 2000));
    await turn();
    expect(w.node.at(MUX)).toBe(`${NEW}:4444`);
    // what it tells later is news
    tell(original, told(OTHER));
    await turn();
    tell(other, w.place(NEW, 10));
    await turn();
    expect([w.node.at(MUX), w.node.table(MUX)]).toEqual([`${OTHER}:4444`, `${OTHER}:4444`]);
  });

  it("does not get away with what it knew of a peer that is heard here", async () => {
    const w = world();
    const original = w.connect(w.node.inbox.source("original"), told(OLD));
    await w.pass(1500);
    w.node.hear(MUX, NEW);
    expect(w.node.table(MUX)).toBe(`${NEW}:4444`);
    original.lost();
    w.connect(original, told(OLD));
    w.time.nowMs += 500;
    w.node.hear(MUX, NEW);
    const heard = w.heard();
    await w.pass(1500);
    expect([w.node.at(MUX), w.node.table(MUX)]).toEqual([`${NEW}:4444`, `${NEW}:4444`]);
    // those who were told the same are told better
    expect(heard.find(({ type }) => type === "place")).toMatchObject({ ageMs: 1500 });
  });
});

describe("a control host", () => {
  it("that comes back does not move peers, a table that was changed does", async () => {
    const w = world([]);
    const control = w.connect(w.node.inbox.source("control"), told(OLD), controlHello, complete);
    await turn();
    expect(w.node.at(MUX)).toBe(`${OLD}:4444`);
    w.node.hear(MUX, NEW);
    control.lost();
    w.connect(control, told(OLD), controlHello, complete);
    await turn();
    expect(w.node.at(MUX)).toBe(`${NEW}:4444`);
    tell(control, told(OTHER));
    await turn();
    expect(w.node.at(MUX)).toBe(`${OTHER}:4444`);
    control.lost();
    w.connect(control, told(OLD), controlHello, complete);
    await turn();
    expect(w.node.at(MUX)).toBe(`${OLD}:4444`);
  });

  it("decides about keys and routes as long as it is there", async () => {
    const w = world([]);
    const control = w.connect(
      w.node.inbox.source("control"),
      ...[told("0.0.0.0", "new"), route("10.7.0.0", MUX)],
      ...[controlHello, complete],
    );
    const stale = [told("0.0.0.0", "old"), route("10.7.0.0", 8), told("0.0.0.0", "eight", 8)];
    const other = await w.follow(...stale);
    const original = w.connect(w.node.inbox.source("original"), ...stale);
    await w.pass(2000);
    tell(original, ...stale);
    expect(w.node.connections.get(MUX)?.keys).toEqual(keysOf("new"));
    expect(w.node.connections.routes().map(({ mux }) => mux)).toEqual([MUX]);
    expect(w.node.connections.get(8)?.keys).toEqual(keysOf("eight"));
    // it changes its mind, and comes back with it before it says who it is
    control.lost();
    w.connect(control, told("0.0.0.0", "newer"), route("10.7.0.0", 9), controlHello, complete);
    expect(w.node.connections.get(MUX)?.keys).toEqual(keysOf("newer"));
    expect(w.node.connections.routes().map(({ mux }) => mux)).toEqual([9]);
    // without it the last word counts
    control.lost();
    tell(other, ...stale);
    expect(w.node.connections.get(MUX)?.keys).toEqual(keysOf("old"));
  });

  it("is not overruled by what nodes pass on late", async () => {
    const w = world([]);
    const control = w.connect(w.node.inbox.source("control"), told("0.0.0.0"), controlHello, complete);
    const other = await w.follow();
    tell(control, { type: "withdraw-connection", mux: MUX }, told("0.0.0.0"));
    tell(other, { type: "withdraw-connection", mux: MUX });
    expect(w.node.connections.size).toBe(1);
    tell(control, { type: "withdraw-connection", mux: MUX });
    expect(w.node.connections.size).toBe(0);
  });
});

describe("what was withdrawn", () => {
  it("does not come back with a node that was away, and that node is told", async () => {
    const w = world([]);
    const all = [told("0.0.0.0"), route("10.7.0.0", MUX)];
    const control = w.connect(w.node.inbox.source("control"), ...all, controlHello, complete);
    tell(control, { type: "withdraw-connection", mux: MUX });
    tell(control, { type: "withdraw-route", address: hostOf("10.7.0.0"), length: 24 });
    const heard = w.heard();
    await w.follow(...all);
    expect([w.node.connections.size, w.node.connections.routeCount]).toEqual([0, 0]);
    expect(heard.filter(({ type }) => type.startsWith("withdraw"))).toEqual([
      { type: "withdraw-connection", mux: MUX },
      { type: "withdraw-route", address: hostOf("10.7.0.0"), length: 24 },
    ]);
    // an original tells it whenever it is asked
    w.connect(w.node.inbox.source("original"), ...all);
    await w.pass(2000);
    expect([w.node.connections.size, w.node.connections.routeCount]).toEqual([0, 0]);
  });

  it("comes back with the control host, with news of a node, and after an hour", async () => {
    const w = world([]);
    const source = w.node.inbox.source("control");
    w.connect(source, told("0.0.0.0"), controlHello, complete);
    const withdraw = async (): Promise<void> => {
      source.lost();
      w.connect(source, controlHello, complete);
      expect(w.node.connections.size).toBe(0);
    };
    await withdraw();
    source.lost();
    w.connect(source, told("0.0.0.0"), controlHello, complete);
    expect(w.node.connections.size).toBe(1);
    await withdraw();
    const other = await w.follow(told("0.0.0.0"));
    expect(w.node.connections.size).toBe(0);
    tell(other, told("0.0.0.0"));
    expect(w.node.connections.size).toBe(1);
    source.lost();
    w.connect(source, told("0.0.0.0"), controlHello, complete);
    await withdraw();
    await w.pass(3_600_000);
    other.lost();
    w.connect(other, told("0.0.0.0"), nodeHello, complete);
    expect(w.node.connections.size).toBe(1);
  });
});

describe("a node that tells of an older place", () => {
  it("is told the newer one, once", async () => {
    const w = world();
    w.node.hear(MUX, NEW);
    const other = await w.follow();
    w.time.nowMs += 1000;
    // the data plane has heard the peer since, without a word
    w.node.hear(MUX, NEW);
    const heard = w.heard();
    const places = (): unknown[] => heard.filter(({ type }) => type === "place").map((it) => encodeExtension(it));
    tell(other, w.place(OLD, 500));
    await turn();
    expect(w.node.at(MUX)).toBe(`${NEW}:4444`);
    expect(places()).toHaveLength(1);
    // which would move the sequence numbers of an original
    expect(heard.filter(({ type }) => `${type}` === "connection")).toEqual([]);
    for (let again = 0; again < 3; again++) tell(other, w.place(OLD, 500));
    await turn();
    expect(places()).toHaveLength(1);
    expect(heard.find(({ type }) => type === "place")).toMatchObject({ mux: MUX, ageMs: 0 });
  });

  it("has waited until its clock is known", async () => {
    const w = world();
    w.node.hear(MUX, OLD);
    w.time.nowMs += 1000;
    const other = w.connect(w.node.inbox.source("other"), nodeHello, w.clock(), w.place(NEW, 100), complete);
    await turn();
    expect(w.node.at(MUX)).toBe(`${OLD}:4444`);
    await w.pass(1000);
    tell(other, w.clock());
    await turn();
    expect(w.node.at(MUX)).toBe(`${NEW}:4444`);
  });
});

describe("the number that who connects is told", () => {
  const numbered = (sequence: number): ConnectionCommand => ({ ...told(OLD), sequence });
  const number = (w: World): unknown =>
    w.node.dump().map((it) => (it.type === "connection" ? it.sequence : undefined))[0];

  it("is ahead of where an original may be that told of its own", async () => {
    const w = world();
    w.connect(w.node.inbox.source("original"), numbered(1_000_000_000));
    expect(number(w)).toBe(1_000_000_000);
    await w.pass(1000);
    expect(number(w)).toBeGreaterThanOrEqual(1_000_000_000 + 65_536);
    const source = w.connect(w.node.inbox.source("another"), numbered(1_500_000_000));
    await w.pass(1000);
    source.lost();
    await w.pass(99_000);
    expect(number(w)).toBeGreaterThanOrEqual(1_500_000_000 + 65_536 + 2048 * 100);
  });

  it("stays where our own nodes are", async () => {
    const w = world();
    await w.follow(numbered(1_000_000_000));
    await w.pass(3_600_000);
    expect(number(w)).toBe(1_000_000_000);
  });
});
