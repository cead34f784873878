import { describe, expect, it } from "vitest";
import { createBatch } from "../../src/batch/create-batch.ts";
import { ENDPOINT_PORT } from "../../src/batch/packet-batch.ts";
import { openPacket } from "../../src/packet/open-packet.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { KEEP_ALIVE_SLOT_BYTES } from "../../src/tunnel/keep-alive.ts";
import { readMux, readSequence } from "../../src/wire/header.ts";
import { HEADER_BYTES, PAYLOAD_TYPE_BYTES } from "../../src/wire/layout.ts";
import { contextFor, endpoint, ipv4Frame, TestTunnel } from "../support/test-tunnel.ts";

const times = { quietMs: 1000, silentMs: 3000 };

describe("keep-alive", () => {
  it("is an empty datagram with a number of its own, which a receiver counts and does not deliver", () => {
    const left = new TestTunnel({ keepAlive: times });
    left.addPeer(endpoint(2));
    const right = new TestTunnel({ context: contextFor("right"), windowSize: 64 });
    right.addPeer(endpoint(1));
    const [sent] = left.keepAlives();
    left.send([ipv4Frame()]);
    left.now += 1000;
    const [second] = left.keepAlives();
    if (sent === undefined || second === undefined) throw new Error("two keep-alives expected");
    expect(sent.endpoint[ENDPOINT_PORT]).toBe(2);
    expect(sent.datagram.length).toBe(HEADER_BYTES + PAYLOAD_TYPE_BYTES + 10);
    expect([sent, second].map(({ datagram }) => readSequence(datagram, 0))).toEqual([0, 2]);
    expect(openPacket(contextFor("right"), sent.datagram)).toEqual({ ok: false, reason: "empty-payload" });
    expect(
      right.receive([sent.datagram, sent.datagram, second.datagram], [endpoint(1), endpoint(1), endpoint(7)]),
    ).toEqual([]);
    expect(right.drops()).toEqual({ "empty-payload": 2, replay: 1 });
    expect(right.events).toEqual(["moved 0 from 1 to 7"]);
    expect(left.tunnel.counters.keepAlivesOut).toBe(2);
    expect(left.tunnel.peer(0)?.counters.keepAlivesOut).toBe(2);
    expect(left.tunnel.counters.packetsOut).toBe(1);
    expect(left.drops()).toEqual({});
  });

  it("has the own mux of the moment in its header, as frames do", () => {
    const test = new TestTunnel({ keepAlive: times, mux: 3 });
    test.addPeer(endpoint(2), 5);
    const muxes = (): number[] => {
      test.now += 1000;
      return [...test.keepAlives(), ...test.send([ipv4Frame()])].map(({ datagram }) => readMux(datagram, 0));
    };
    expect(muxes()).toEqual([3, 3]);
    test.tunnel.mux = 9;
    expect(muxes()).toEqual([9, 9]);
    test.tunnel.setKeepAlive(times);
    expect([test.tunnel.mux, muxes()]).toEqual([9, [9, 9]]);
    expect(() => {
      test.tunnel.mux = 0x10000;
    }).toThrow("mux");
  });

  it("is sent only when nothing else was sent for its time", () => {
    const test = new TestTunnel({ keepAlive: times });
    test.addPeer(endpoint(2));
    test.now = 10_000;
    expect(test.keepAlives()).toHaveLength(1);
    expect(test.tunnel.keepAliveWaitMs(10_000)).toBe(1000);
    test.now = 10_600;
    test.send([ipv4Frame()]);
    test.now = 11_000;
    expect(test.keepAlives()).toHaveLength(0);
    expect(test.tunnel.keepAliveWaitMs(11_000)).toBe(600);
    test.now = 11_599;
    expect(test.keepAlives()).toHaveLength(0);
    test.now = 11_600;
    expect(test.keepAlives()).toHaveLength(1);
  });

  it("is nothing without the option, and asks for no time", () => {
    const test = new TestTunnel();
    test.addPeer(endpoint(2));
    expect(test.keepAlives()).toEqual([]);
    expect(test.tunnel.keepAliveWaitMs(1e9)).toBe(-1);
  });

  it("begins and ends while packets pass", () => {
    const test = new TestTunnel();
    test.addPeer(endpoint(2));
    test.tunnel.setKeepAlive(times);
    expect(test.keepAlives()).toHaveLength(1);
    test.now += 10_000;
    test.tunnel.setKeepAlive({ quietMs: 20_000, silentMs: 60_000 });
    expect(test.keepAlives()).toEqual([]);
    expect(test.tunnel.keepAliveWaitMs(test.now)).toBe(10_000);
    test.tunnel.setKeepAlive(undefined);
    expect(test.tunnel.keepAliveWaitMs(test.now)).toBe(-1);
  });

  it("goes to a peer as soon as its endpoint is known, and to its candidate too", () => {
    const test = new TestTunnel({ keepAlive: times });
    test.addPeer();
    expect(test.keepAlives()).toEqual([]);
    expect(test.tunnel.keepAliveWaitMs(test.now)).toBe(1000);
    test.tunnel.setEndpoint(0, endpoint(5));
    expect(test.tunnel.keepAliveWaitMs(test.now)).toBe(0);
    expect(test.keepAlives()).toHaveLength(1);
    const peer = new TestTunnel({ context: contextFor("right") });
    peer.addPeer(endpoint(1));
    test.receiveOne(peer.send([ipv4Frame()])[0]?.datagram ?? new Uint8Array(), endpoint(9));
    test.now += 1000;
    const sent = test.keepAlives();
    expect(test.copies(sent.length).map(({ endpoint }) => endpoint[ENDPOINT_PORT])).toEqual([9]);
  });

  it("carries the mux of each route's peer, in portions, none left out", () => {
    const test = new TestTunnel({ keepAlive: times, routing: "routes" });
    const peers = 5000;
    for (let mux = 0; mux < peers; mux++) {
      const sequence = new SequenceCounter({ senderId: 0, first: 0, end: 1000 });
      test.addPeer(mux % 10 === 9 ? undefined : endpoint(1000 + mux), mux, { ...test.keys, sequence });
    }
    const batch = createBatch(128, KEEP_ALIVE_SLOT_BYTES);
    const seen: number[] = [];
    let calls = 0;
    const round = (): void => {
      while (test.tunnel.keepAliveWaitMs(test.now) === 0) {
        const rows = test.tunnel.keepAlive(batch, test.now);
        for (let row = 0; row < rows; row++) seen.push(readMux(batch.bytes, row * KEEP_ALIVE_SLOT_BYTES));
        calls++;
      }
    };
    round();
    expect(seen).toEqual(Array.from({ length: peers }, (_, mux) => mux).filter((mux) => mux % 10 !== 9));
    expect(calls).toBeGreaterThanOrEqual(4500 / 128);
    expect(calls).toBeLessThan(50);
    test.now += 1000;
    round();
    expect(seen).toHaveLength(9000);
  });

  it("does not look at many peers again and again for the first that is due", () => {
    const test = new TestTunnel({ keepAlive: times, routing: "routes" });
    for (let mux = 0; mux < 2048; mux++) test.addPeer(undefined, mux);
    test.tunnel.setEndpoint(3, endpoint(3));
    expect(test.keepAlives()).toHaveLength(1);
    test.tunnel.setEndpoint(4, endpoint(4));
    test.now += 999;
    test.keepAlives();
    expect(test.tunnel.keepAliveWaitMs(test.now)).toBe(8);
  });

  it("waits when there are no numbers, without asking again at once", () => {
    const test = new TestTunnel({ keepAlive: times, sequence: new SequenceCounter() });
    test.addPeer(endpoint(2));
    expect(test.keepAlives()).toEqual([]);
    expect(test.events).toEqual(["low 0 0"]);
    expect(test.tunnel.keepAliveWaitMs(test.now)).toBe(1000);
  });

  it("uses the payload type of the device", () => {
    const test = new TestTunnel({
      keepAlive: times,
      kind: "tap",
      context: { ...contextFor("left"), cipherKeyBytes: 0 },
    });
    test.addPeer(endpoint(2));
    expect([...(test.keepAlives()[0]?.datagram.subarray(8, 10) ?? [])]).toEqual([0x65, 0x58]);
  });
});

describe("liveness", () => {
  function pair(): { test: TestTunnel; hear: () => void } {
    const test = new TestTunnel({ keepAlive: times });
    test.addPeer(endpoint(1));
    const other = new TestTunnel({ context: contextFor("right") });
    other.addPeer(endpoint(2));
    const hear = (): void =>
      void test.receive([other.send([ipv4Frame()])[0]?.datagram ?? new Uint8Array()], [endpoint(1)]);
    return { test, hear };
  }

  it("is told once for each change", () => {
    const { test, hear } = pair();
    const pass = (ms: number): void => {
      test.now += ms;
      test.keepAlives();
    };
    pass(0);
    expect(test.events).toEqual([]);
    hear();
    hear();
    expect(test.events).toEqual(["0 is alive"]);
    pass(2999);
    expect(test.events).toEqual(["0 is alive"]);
    pass(1000);
    pass(1000);
    pass(1000);
    expect(test.events).toEqual(["0 is alive", "0 is silent"]);
    hear();
    expect(test.events).toEqual(["0 is alive", "0 is silent", "0 is alive"]);
  });

  it("is found out on time while frames are sent", () => {
    const { test, hear } = pair();
    test.keepAlives();
    hear();
    const heardAt = test.now;
    while (test.events.length < 2) {
      test.send([ipv4Frame()]);
      const wait = test.tunnel.keepAliveWaitMs(test.now);
      expect(wait).toBeGreaterThan(0);
      test.now += wait;
      test.keepAlives();
    }
    expect(test.events[1]).toBe("0 is silent");
    expect(test.now - heardAt).toBe(times.silentMs);
  });

  it("is nothing that is told without the option", () => {
    const test = new TestTunnel();
    test.addPeer(endpoint(1));
    const other = new TestTunnel({ context: contextFor("right") });
    other.addPeer(endpoint(2));
    test.receive([other.send([ipv4Frame()])[0]?.datagram ?? new Uint8Array()], [endpoint(1)]);
    expect(test.events).toEqual([]);
  });
});
