import { describe, expect, it } from "vitest";
import {
  CONTEXT,
  DESCRIPTOR_WORDS,
  ENDPOINT_PORT,
  ENDPOINT_SOCKET,
  FLAGS,
  OFFSET,
  PACKET_TRUNCATED,
} from "../../src/batch/packet-batch.ts";
import { DEFAULT_SUITE } from "../../src/crypto/suite.ts";
import { sealPacket } from "../../src/packet/seal-packet.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { contextFor, endpoint, fill, ipv4Frame, ipv6Frame, TestTunnel } from "../support/test-tunnel.ts";
import { toHex } from "../support/vectors.ts";

const right = contextFor("right");

interface Made {
  readonly sequence?: number;
  readonly senderId?: number;
  readonly mux?: number;
  readonly payloadType?: number;
  readonly payload?: Uint8Array;
}

/** A datagram of the peer. */
function made(over: Made = {}, context = right): Uint8Array {
  return sealPacket(context, { sequence: 1, senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame(), ...over });
}

/** The same with its last bit wrong. */
function forged(over: Made = {}): Uint8Array {
  const datagram = made(over);
  datagram[datagram.length - 1] = (datagram.at(-1) ?? 0) ^ 1;
  return datagram;
}

const A = endpoint(1111);
const B = endpoint(2222);

describe("inbound", () => {
  it("delivers the payload and counts it", () => {
    const test = new TestTunnel();
    const peer = test.addPeer(A);
    test.now = 555;
    const frame = ipv6Frame();
    expect(test.receiveOne(made({ payloadType: 0x86dd, payload: frame }), A)).toEqual(frame);
    expect(peer.counters.packetsIn).toBe(1);
    expect(peer.counters.bytesIn).toBe(frame.length);
    expect(test.tunnel.counters.bytesIn).toBe(frame.length);
    expect(peer.lastHeardMs).toBe(555);
  });

  it.each<[string, Uint8Array, string, boolean]>([
    ["nothing", new Uint8Array(0), "too-short", false],
    ["7 bytes", new Uint8Array(7), "too-short", false],
    ["a byte less than header and tag", made().subarray(0, 17), "too-short", true],
    ["another mux", made({ mux: 1 }), "unknown-mux", false],
    ["a wrong tag", forged(), "bad-tag", true],
    ["keys of our own role", made({}, contextFor("left")), "bad-tag", true],
    ["no payload type", made({ payload: new Uint8Array(0) }).subarray(0, 18), "bad-tag", true],
    ["no payload", made({ payload: new Uint8Array(0) }), "empty-payload", true],
    ["an Ethernet frame on tun", made({ payloadType: 0x6558 }), "wrong-type", true],
    ["an unknown type", made({ payloadType: 0 }), "wrong-type", true],
  ])("drops %s", (_, datagram, reason, attributed) => {
    const test = new TestTunnel();
    const peer = test.addPeer(A);
    expect(test.receiveOne(datagram, A)).toBeUndefined();
    expect(test.drops()).toEqual({ [reason]: 1 });
    expect(test.drops(peer.counters)).toEqual(attributed ? { [reason]: 1 } : {});
    expect(test.tunnel.counters.packetsIn).toBe(0);
  });

  it("drops a datagram that lost its end, even without a tag that would tell", () => {
    const suite = { ...DEFAULT_SUITE, auth: "null" } as const;
    const test = new TestTunnel({ context: contextFor("left", suite) });
    test.addPeer(A);
    const count = fill(test.batch, [made({}, contextFor("right", suite))], [A]);
    test.batch.descriptors[FLAGS] = PACKET_TRUNCATED;
    expect(test.tunnel.classify(test.batch, count)).toBe(0);
    expect(test.drops()).toEqual({ truncated: 1 });
  });

  it("takes Ethernet and nothing else on tap", () => {
    const test = new TestTunnel({ kind: "tap" });
    test.addPeer(A);
    const frames = test.receive(
      [0x6558, 0x0800, 0x86dd].map((payloadType, i) => made({ payloadType, sequence: i })),
      [A, A, A],
    );
    expect(frames.length).toBe(1);
    expect(test.drops()).toEqual({ "wrong-type": 2 });
  });

  it("keeps order, endpoints and contexts of what goes on while it drops between", () => {
    const test = new TestTunnel({ windowSize: 64 });
    test.addPeer(A, 0);
    const other = test.tunnel.addPeer({
      ...test.keys,
      mux: 5,
      context: test.cipher.addContext(contextFor("left")),
      endpoint: B,
    });
    const datagrams = [new Uint8Array(3), made({ mux: 5, sequence: 1 }), made({ mux: 9 }), made({ sequence: 2 })];
    const count = fill(test.batch, datagrams, [A, B, A, A]);
    expect(test.tunnel.classify(test.batch, count)).toBe(2);
    expect(test.batch.descriptors[CONTEXT]).toBe(other.context);
    expect(test.batch.descriptors[DESCRIPTOR_WORDS + CONTEXT]).toBe(test.keys.context);
    expect(test.batch.endpoints[ENDPOINT_PORT]).toBe(2222);
    test.cipher.open(test.batch, 0, 2);
    const offset = test.batch.descriptors[OFFSET] ?? 0;
    expect(test.tunnel.accept(test.batch, 2, 0)).toBe(2);
    expect(test.batch.descriptors[OFFSET]).toBe(offset + 10);
  });

  it("remembers the last replay for the log", () => {
    const test = new TestTunnel({ windowSize: 8 });
    const peer = test.addPeer(A);
    test.receive([made({ sequence: 7, senderId: 3 }), made({ sequence: 7, senderId: 3 })], [A, B]);
    expect([peer.lastReplaySequence, peer.lastReplaySenderId]).toEqual([7, 3]);
    expect(peer.lastReplayEndpoint).toEqual(B);
    expect(test.drops(peer.counters)).toEqual({ replay: 1 });
  });

  it("counts every datagram in exactly one cell", () => {
    const test = new TestTunnel({ windowSize: 8 });
    test.addPeer(A);
    const datagrams = [
      made(),
      made(),
      forged(),
      new Uint8Array(9),
      made({ mux: 3 }),
      made({ sequence: 2, payloadType: 1 }),
    ];
    test.receive(
      datagrams,
      datagrams.map(() => A),
    );
    const dropped = test.tunnel.counters.drops.reduce((sum, n) => sum + n, 0);
    expect(test.tunnel.counters.packetsIn + dropped).toBe(datagrams.length);
  });

  it("stops at the limit of sender ids and lets a datagram of one too many change nothing", () => {
    const test = new TestTunnel({ windowSize: 2 ** 24 });
    const peer = test.addPeer(A);
    const limit = peer.senders.limit;
    for (let senderId = 0; senderId < limit; senderId++) {
      expect(test.receiveOne(made({ senderId }), A)).toBeDefined();
    }
    test.now += 60_000;
    expect(test.receiveOne(made({ senderId: limit }), B)).toBeUndefined();
    expect(test.drops(peer.counters)).toEqual({ "sender-limit": 1 });
    expect(peer.endpoint).toEqual(A);
    expect(test.receiveOne(made({ senderId: 0, sequence: 2 }), A)).toBeDefined();
  });
});

it("gives the memory of a removed peer to others", () => {
  const test = new TestTunnel({ windowSize: 2 ** 24 });
  // 63 windows of 2 MiB are all that peers with several sender ids get together
  for (let mux = 0; mux < 4; mux++) {
    test.addPeer(A, mux);
    for (let senderId = 0; senderId < 16; senderId++) test.receiveOne(made({ mux, senderId }), A);
  }
  expect(test.drops()).toEqual({ "sender-limit": 1 });
  expect(test.receiveOne(made({ mux: 3, senderId: 15 }), A)).toBeUndefined();
  expect(test.tunnel.removePeer(0)).toBe(true);
  expect(test.receiveOne(made({ mux: 3, senderId: 15 }), A)).toBeDefined();
});

describe("detection of a peer", () => {
  const open = () => new TestTunnel({ autodetect: true, mux: 3 });

  it("takes mux and endpoint of the first authenticated datagram", () => {
    const test = open();
    expect(test.receive([forged({ mux: 9 })], [B])).toEqual([]);
    expect([...test.tunnel.peers]).toEqual([]);
    expect(test.receiveOne(made({ mux: 7 }), A)).toBeDefined();
    expect(test.events).toEqual(["detected 7 at 1111"]);
    expect(test.drops()).toEqual({ "bad-tag": 1 });
    // the answer carries the own mux
    const [reply] = test.send([ipv4Frame()]);
    expect(reply?.endpoint).toEqual(A);
    expect(toHex(reply?.datagram.subarray(0, 8) ?? new Uint8Array(0))).toBe("0000000000000003");
  });

  it("happens once: other muxes of the same batch and later are unknown", () => {
    const test = open();
    const frames = test.receive([made({ mux: 7 }), made({ mux: 8 }), made({ mux: 7, sequence: 2 })], [A, B, A]);
    expect(frames.length).toBe(2);
    expect(test.receiveOne(made({ mux: 8, sequence: 9 }), B)).toBeUndefined();
    expect(test.drops()).toEqual({ "unknown-mux": 2 });
    expect(test.events).toEqual(["detected 7 at 1111"]);
  });

  it("needs no payload: the datagram is authentic without one", () => {
    const test = open();
    expect(test.receiveOne(made({ mux: 7, payload: new Uint8Array(0) }), A)).toBeUndefined();
    expect(test.events).toEqual(["detected 7 at 1111"]);
    expect(test.drops()).toEqual({ "empty-payload": 1 });
  });

  it("is off while any peer exists, and possible again without", () => {
    const test = open();
    test.addPeer(A, 1);
    expect(test.receiveOne(made({ mux: 7 }), A)).toBeUndefined();
    expect(test.drops()).toEqual({ "unknown-mux": 1 });
    expect(test.tunnel.removePeer(1)).toBe(true);
    expect(test.tunnel.removePeer(1)).toBe(false);
    expect(test.receiveOne(made({ mux: 7 }), A)).toBeDefined();
    expect(test.tunnel.peer(7)).toBeDefined();
  });

  it("is off when it is not asked for", () => {
    const test = new TestTunnel();
    expect(test.receiveOne(made(), A)).toBeUndefined();
    expect(test.drops()).toEqual({ "unknown-mux": 1 });
  });

  it("without tags takes the first datagram that is long enough, as the originals do", () => {
    const suite = { ...DEFAULT_SUITE, tagBytes: 0 };
    const test = new TestTunnel({ autodetect: true, context: contextFor("left", suite) });
    expect(test.receive([new Uint8Array(7), new Uint8Array(30)], [A, B])).toEqual([]);
    expect(test.events).toEqual(["detected 0 at 2222"]);
  });
});

describe("two tunnels in memory", () => {
  it.each(["tun", "tap"] as const)("talk over %s in both directions", (kind) => {
    const left = new TestTunnel({ kind, windowSize: 128, context: contextFor("left"), autodetect: true, mux: 5 });
    const rightEnd = new TestTunnel({
      kind,
      windowSize: 128,
      context: right,
      mux: 5,
      sequence: new SequenceCounter({ senderId: 9, first: 0xffffff00, end: 0x100000000 }),
    });
    rightEnd.addPeer(endpoint(4444, "2001:db8::1"), 5);
    const at = endpoint(4445, "2001:db8::2");
    for (let round = 0; round < 20; round++) {
      const frames = Array.from({ length: 8 }, (_, i) => ipv4Frame("10.0.0.1", 20 + round * 8 + i));
      const there = rightEnd.send(frames).map((sent) => sent.datagram);
      expect(
        left.receive(
          there,
          there.map(() => at),
        ),
      ).toEqual(frames);
      const back = left.send(frames);
      expect(
        back.every((sent) => toHex(new Uint8Array(sent.endpoint.buffer)) === toHex(new Uint8Array(at.buffer))),
      ).toBe(true);
      const source = endpoint(4444, "2001:db8::1");
      expect(
        rightEnd.receive(
          back.map((sent) => sent.datagram),
          back.map(() => source),
        ),
      ).toEqual(frames);
      expect(
        left.receive(
          there,
          there.map(() => at),
        ),
      ).toEqual([]);
    }
    expect(left.drops()).toEqual({ replay: 160 });
    expect(rightEnd.drops()).toEqual({});
    expect(left.events[0]).toBe("detected 5 at 4445");
    // 256 numbers are reserved: 160 are gone
    const more = Array.from({ length: 100 }, () => rightEnd.send([ipv4Frame()]).length).filter((n) => n === 1);
    expect(more.length).toBe(96);
    expect(rightEnd.drops()).toEqual({ "no-sequence": 4 });
  });

  it("answer through the socket on which the peer was heard", () => {
    const test = new TestTunnel();
    const peer = test.addPeer(endpoint(1111, "127.0.0.1", 0));
    test.receiveOne(made(), endpoint(1111, "127.0.0.1", 3));
    expect(peer.endpoint[ENDPOINT_SOCKET]).toBe(3);
    expect(test.events).toEqual([]);
  });
});
