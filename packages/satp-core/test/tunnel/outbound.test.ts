import { describe, expect, it } from "vitest";
import {
  CONTEXT,
  DESCRIPTOR_WORDS,
  ENDPOINT_PORT,
  ENDPOINT_WORDS,
  FLAGS,
  HEADROOM_BYTES,
  LENGTH,
  OFFSET,
  PACKET_TRUNCATED,
} from "../../src/batch/packet-batch.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { parsePrefix } from "../../src/routing/prefix.ts";
import { contextFor, endpoint, fill, ipv4Frame, ipv6Frame, packetAt, TestTunnel } from "../support/test-tunnel.ts";
import { toHex } from "../support/vectors.ts";

function counter(senderId = 0, first = 0, end = first + 1000): SequenceCounter {
  return new SequenceCounter({ senderId, first, end });
}

/** Header and payload type of the rows that are ready, before sealing. */
function headers(test: TestTunnel, frames: readonly Uint8Array[]): string[] {
  const ready = test.tunnel.outbound(test.batch, fill(test.batch, frames), test.now);
  return Array.from({ length: ready }, (_, row) => toHex(packetAt(test.batch, row).subarray(0, 10)));
}

describe("outbound", () => {
  it("writes header and type before the frame and fills the row", () => {
    const test = new TestTunnel({ mux: 0x1234, sequence: counter(0xabcd, 0x01020304) });
    const peer = test.addPeer(endpoint(5555, "192.0.2.9", 2), 0x1234);
    const frame = ipv6Frame();
    const ready = test.tunnel.outbound(test.batch, fill(test.batch, [frame]), 777);
    expect(ready).toBe(1);
    expect(toHex(packetAt(test.batch, 0))).toBe(`01020304abcd123486dd${toHex(frame)}`);
    expect(test.batch.descriptors[OFFSET]).toBe(HEADROOM_BYTES - 10);
    expect(test.batch.descriptors[LENGTH]).toBe(frame.length + 10);
    expect(test.batch.descriptors[CONTEXT]).toBe(peer.context);
    expect(test.batch.endpoints.slice(0, 8)).toEqual(endpoint(5555, "192.0.2.9", 2));
    expect(peer.lastSentMs).toBe(777);
    expect(peer.counters.packetsOut).toBe(1);
    expect(test.tunnel.counters.bytesOut).toBe(frame.length);
  });

  it("sends to the peer with the lowest mux, under its own mux", () => {
    const test = new TestTunnel({ mux: 9 });
    test.addPeer(endpoint(2222), 20, { ...test.keys, sequence: counter(2) });
    test.addPeer(endpoint(1111), 10, { ...test.keys, sequence: counter(1) });
    const [sent] = test.send([ipv4Frame()]);
    expect(sent?.endpoint[ENDPOINT_PORT]).toBe(1111);
    expect(toHex(sent?.datagram.subarray(0, 8) ?? new Uint8Array(0))).toBe("0000000000010009");
  });

  it("gives Ethernet frames their type whatever they hold", () => {
    const test = new TestTunnel({ kind: "tap" });
    test.addPeer(endpoint(1));
    expect(headers(test, [new Uint8Array(14), ipv4Frame()])).toEqual(["00000000000000006558", "00000001000000006558"]);
  });

  it.each<[string, Uint8Array[], Record<string, number>]>([
    ["frames of 0 and 1 bytes", [new Uint8Array(0), new Uint8Array([0x45])], { "too-short": 2 }],
    ["what is not IP", [new Uint8Array(40), new Uint8Array(40).fill(0x55)], { "not-ip": 2 }],
  ])("drops %s and takes no number for it", (_, frames, drops) => {
    const test = new TestTunnel();
    test.addPeer(endpoint(1));
    expect(headers(test, [...frames, ipv4Frame(), ...frames, ipv4Frame()])).toEqual([
      "00000000000000000800",
      "00000001000000000800",
    ]);
    const twice = Object.fromEntries(Object.entries(drops).map(([name, n]) => [name, n * 2]));
    expect(test.drops()).toEqual(twice);
  });

  it("drops a frame that lost its end", () => {
    const test = new TestTunnel();
    test.addPeer(endpoint(1));
    const count = fill(test.batch, [ipv4Frame(), ipv4Frame("198.51.100.3")]);
    test.batch.descriptors[FLAGS] = PACKET_TRUNCATED;
    expect(test.tunnel.outbound(test.batch, count, 0)).toBe(1);
    expect(packetAt(test.batch, 0).at(-1)).toBe(ipv4Frame("198.51.100.3").at(-1));
    expect(test.drops()).toEqual({ "too-long": 1 });
  });

  it("moves rows, not bytes, and keeps their order", () => {
    const test = new TestTunnel();
    test.addPeer(endpoint(1));
    const frames = [
      ipv4Frame("10.0.0.1"),
      new Uint8Array(1),
      ipv4Frame("10.0.0.2"),
      new Uint8Array(9),
      ipv4Frame("10.0.0.3"),
    ];
    const bytesAt = (row: number) => test.batch.descriptors[row * DESCRIPTOR_WORDS + OFFSET] ?? -1;
    const count = fill(test.batch, frames);
    const offsets = [0, 2, 4].map((row) => bytesAt(row) - 10);
    expect(test.tunnel.outbound(test.batch, count, 0)).toBe(3);
    expect([0, 1, 2].map(bytesAt)).toEqual(offsets);
    expect([0, 1, 2].map((row) => packetAt(test.batch, row).at(29))).toEqual([1, 2, 3]);
  });

  it("sends further segments of a super-frame where its first one went, and looks for itself where that went nowhere", () => {
    const flow = [1, 1, 1, 2, 2, 9, 9, 1, 1, 2].map((net) => ipv4Frame(`198.51.${net}.3`));
    const flags = [0, 4, 4, 0, 4, 0, 4, 0, 4, 0];
    const sent = [[], flags].map((marks) => {
      const test = new TestTunnel({
        routing: "routes",
        sequence: new SequenceCounter({ senderId: 0, first: 0, end: 6 }),
      });
      for (const mux of [1, 2]) {
        test.addPeer(endpoint(mux), mux);
        test.tunnel.routes.insert(parsePrefix(`198.51.${mux}.0/24`), mux);
      }
      const count = fill(test.batch, flow);
      marks.forEach((flag, row) => {
        test.batch.descriptors[row * DESCRIPTOR_WORDS + FLAGS] = flag;
      });
      const rows = test.tunnel.outbound(test.batch, count, 5);
      const ports = Array.from(
        { length: rows },
        (_, row) => test.batch.endpoints[row * ENDPOINT_WORDS + ENDPOINT_PORT],
      );
      const packets = Array.from({ length: rows }, (_, row) => toHex(packetAt(test.batch, row)));
      const words = [...test.batch.descriptors.subarray(0, rows * DESCRIPTOR_WORDS)];
      const peers = Array.from(test.tunnel.peers, ({ mux, counters, lastSentMs }) => [
        mux,
        counters.packetsOut,
        lastSentMs,
      ]);
      return { rows, ports, packets, words, peers, drops: test.drops() };
    });
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[1]?.rows).toBe(6);
    expect(sent[1]?.drops).toEqual({ "no-route": 2, "no-sequence": 2 });
  });

  it("drops for want of a peer, of its endpoint, of a number, in this order", () => {
    const sequence = new SequenceCounter();
    const test = new TestTunnel({ sequence });
    expect(test.send([ipv4Frame()])).toEqual([]);
    const peer = test.addPeer();
    expect(test.send([ipv4Frame()])).toEqual([]);
    test.tunnel.setEndpoint(0, endpoint(5555));
    expect(test.send([ipv4Frame()])).toEqual([]);
    expect(test.events).toEqual(["low 0 0"]);
    sequence.extend({ senderId: 3, first: 100, end: 101 });
    expect(test.send([ipv4Frame(), ipv4Frame()]).length).toBe(1);
    expect(test.drops()).toEqual({ "no-peer": 1, "no-endpoint": 1, "no-sequence": 2 });
    expect(test.drops(peer.counters)).toEqual({ "no-endpoint": 1, "no-sequence": 2 });
    expect(peer.counters.packetsOut).toBe(1);
  });

  it("asks for more numbers in time, and goes on with the new sender id", () => {
    const sequence = counter(1, 0, 4);
    const test = new TestTunnel({ sequence });
    test.addPeer(endpoint(1));
    headers(test, [ipv4Frame(), ipv4Frame()]);
    expect(test.events).toEqual([]);
    headers(test, [ipv4Frame()]);
    expect(test.events).toEqual(["low 0 1"]);
    sequence.extend({ senderId: 0x101, first: 7, end: 9 });
    expect(headers(test, [ipv4Frame(), ipv4Frame(), ipv4Frame(), ipv4Frame()])).toEqual([
      "00000003000100000800",
      "00000007010100000800",
      "00000008010100000800",
    ]);
  });

  it("uses the sender id of the number taken even when more are reserved in the middle", () => {
    const sequence = counter(1, 0, 1);
    const test = new TestTunnel({
      sequence,
      onEvent: () => sequence.extend({ senderId: 2, first: 50, end: 60 }),
    });
    test.addPeer(endpoint(1));
    expect(headers(test, [ipv4Frame(), ipv4Frame()])).toEqual(["00000000000100000800", "00000032000200000800"]);
  });
});

describe("outbound with routes", () => {
  function router(): TestTunnel {
    const test = new TestTunnel({ routing: "routes", mux: 99, context: contextFor("left") });
    test.addPeer(endpoint(1111), 1, { ...test.keys, sequence: counter() });
    test.addPeer(endpoint(2222), 2, { ...test.keys, sequence: counter() });
    const routes: [string, number][] = [
      ["10.0.0.0/8", 1],
      ["10.1.0.0/16", 2],
      ["10.9.0.0/16", 3],
      ["2001:db8::/32", 2],
    ];
    for (const [prefix, mux] of routes) test.tunnel.routes.insert(parsePrefix(prefix), mux);
    return test;
  }

  it("sends to the peer of the longest prefix, under the route's mux", () => {
    const test = router();
    const sent = test.send([ipv4Frame("10.2.0.1"), ipv4Frame("10.1.0.1"), ipv6Frame("2001:db8:1::5")]);
    expect(sent.map((s) => [s.endpoint[ENDPOINT_PORT], toHex(s.datagram.subarray(0, 8))])).toEqual([
      [1111, "0000000000000001"],
      [2222, "0000000000000002"],
      [2222, "0000000100000002"],
    ]);
  });

  it.each<[string, Uint8Array, string]>([
    ["no route", ipv4Frame("192.0.2.1"), "no-route"],
    ["no IPv6 route", ipv6Frame("fd00::1"), "no-route"],
    ["a route to a mux without peer", ipv4Frame("10.9.0.1"), "no-peer"],
    ["no room for an IPv4 destination", ipv4Frame("10.2.0.1").subarray(0, 19), "too-short"],
    ["no room for an IPv6 destination", ipv6Frame("2001:db8::1").subarray(0, 39), "too-short"],
    ["not IP", new Uint8Array(60), "not-ip"],
  ])("drops with %s", (_, frame, reason) => {
    const test = router();
    expect(test.send([frame])).toEqual([]);
    expect(test.drops()).toEqual({ [reason]: 1 });
  });

  it("follows a route that is pointed elsewhere or removed", () => {
    const test = router();
    test.tunnel.routes.insert(parsePrefix("10.1.0.0/16"), 1);
    expect(test.send([ipv4Frame("10.1.0.1")])[0]?.endpoint[ENDPOINT_PORT]).toBe(1111);
    test.tunnel.routes.remove(parsePrefix("10.0.0.0/8"));
    expect(test.send([ipv4Frame("10.2.0.1")])).toEqual([]);
  });

  it("needs a tun device", () => {
    expect(() => new TestTunnel({ routing: "routes", kind: "tap" })).toThrow(
      expect.objectContaining({ code: "routes-need-tun" }),
    );
  });
});
