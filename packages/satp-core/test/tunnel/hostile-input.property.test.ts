import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_SUITE } from "../../src/crypto/suite.ts";
import { sealPacket } from "../../src/packet/seal-packet.ts";
import { contextFor, endpoint, ipv4Frame, TestTunnel } from "../support/test-tunnel.ts";

const right = contextFor("right");

/** Noise, or a good datagram with some bytes written over, cut or lengthened. */
const datagrams = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .record({
      sequence: fc.integer({ min: 0, max: 200 }),
      senderId: fc.integer({ min: 0, max: 3 }),
      mux: fc.integer({ min: 0, max: 2 }),
      payloadType: fc.constantFrom(0x0800, 0x86dd, 0x6558, 0),
      changes: fc.array(fc.tuple(fc.nat(80), fc.integer({ min: 0, max: 255 })), { maxLength: 2 }),
      length: fc.constantFrom(-30, -1, 0, 0, 0, 0, 1),
    })
    .map(({ changes, length, ...packet }) => {
      const good = sealPacket(right, { ...packet, payload: ipv4Frame() });
      const datagram = new Uint8Array(good.length + length);
      datagram.set(good.subarray(0, datagram.length));
      for (const [at, value] of changes) if (at < datagram.length) datagram[at] = value;
      return datagram;
    }),
);

function dropped(test: TestTunnel): number {
  return test.tunnel.counters.drops.reduce((sum, count) => sum + count, 0);
}

describe("whatever the network or the device brings", () => {
  it("is delivered or counted, exactly once", () => {
    const batches = fc.array(fc.array(datagrams, { maxLength: 16 }), { maxLength: 6 });
    const windows = fc.constantFrom(0, 1, 64);
    fc.assert(
      fc.property(batches, windows, fc.boolean(), fc.boolean(), (input, windowSize, autodetect, checked) => {
        const context = contextFor("left", checked ? DEFAULT_SUITE : { ...DEFAULT_SUITE, tagBytes: 0 });
        const test = new TestTunnel({ windowSize, autodetect, context });
        if (!autodetect) test.addPeer(endpoint(9));
        let total = 0;
        let delivered = 0;
        for (const [i, batch] of input.entries()) {
          delivered += test.receive(
            batch,
            batch.map((_, row) => endpoint(1 + ((row + i) % 3))),
          ).length;
          total += batch.length;
          test.now += 4000;
        }
        expect(test.tunnel.counters.packetsIn).toBe(delivered);
        expect(delivered + dropped(test)).toBe(total);
        expect([...test.tunnel.peers].length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  it("leaves as a datagram or is counted, and takes a number only when it leaves", () => {
    const frames = fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(ipv4Frame())), { maxLength: 16 });
    fc.assert(
      fc.property(frames, fc.constantFrom("tun", "tap"), (input, kind) => {
        const test = new TestTunnel({ kind });
        const peer = test.addPeer(endpoint(9));
        const before = peer.sequence.remaining;
        const sent = test.send(input);
        expect(sent.length + dropped(test)).toBe(input.length);
        expect(before - peer.sequence.remaining).toBe(sent.length);
        sent.forEach(({ datagram }, i) => {
          expect(new DataView(datagram.buffer).getUint32(0)).toBe(i);
        });
      }),
    );
  });
});
