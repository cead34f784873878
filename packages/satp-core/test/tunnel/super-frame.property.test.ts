/** The segments of a super-frame are framed faster than frames one by one, and must end the same. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DESCRIPTOR_WORDS, FLAGS, PACKET_OK, PACKET_SEGMENT, PACKET_TRUNCATED } from "../../src/batch/packet-batch.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { parsePrefix } from "../../src/routing/prefix.ts";
import { endpoint, endpointAt, fill, ipv4Frame, ipv6Frame, packetAt, TestTunnel } from "../support/test-tunnel.ts";
import { toHex } from "../support/vectors.ts";

/** Routes lead to peers 1 and 2, of net 3 to a peer that is nowhere, of net 4 to none, and of net 5 there is none. */
const superFrame = fc.record({
  net: fc.oneof({ arbitrary: fc.constantFrom(1, 2), weight: 6 }, { arbitrary: fc.constantFrom(3, 4, 5), weight: 1 }),
  isIpv6: fc.boolean(),
  segments: fc.array(fc.integer({ min: 40, max: 1400 }), { minLength: 1, maxLength: 9 }),
  isTruncated: fc.oneof({ arbitrary: fc.constant(false), weight: 8 }, { arbitrary: fc.constant(true), weight: 1 }),
});
const burst = fc.array(superFrame, { minLength: 1, maxLength: 4 });
const range = fc.record({ senderId: fc.constantFrom(0, 1, 0xffff), size: fc.integer({ min: 1, max: 12 }) });
const options = fc.record({
  routing: fc.constantFrom("single", "routes"),
  ranges: fc.array(range, { maxLength: 8 }),
  /** How many of the ranges are there before the first frame; the others are added when numbers are low. */
  early: fc.integer({ min: 0, max: 2 }),
});
type Options = typeof options extends fc.Arbitrary<infer T> ? T : never;
type SuperFrame = typeof superFrame extends fc.Arbitrary<infer T> ? T : never;

function begin({ routing, ranges, early }: Options): TestTunnel {
  // the last numbers of all are among them
  const ends = new Map<number, number>();
  const waiting = ranges.map(({ senderId, size }) => {
    const first = ends.get(senderId) ?? 0xffffffe0;
    const end = Math.min(first + size, 0x100000000);
    ends.set(senderId, end);
    return { senderId, first, end };
  });
  const sequence = new SequenceCounter();
  const extend = () => {
    const next = waiting.shift();
    if (next !== undefined && next.first < next.end) sequence.extend(next);
  };
  for (let i = 0; i < early; i++) extend();
  const test = new TestTunnel({ routing, mux: 9, sequence, onEvent: extend });
  for (const mux of [1, 2, 3]) {
    test.addPeer(mux === 3 ? undefined : endpoint(mux, mux === 1 ? "192.0.2.1" : "2001:db8:9::1", mux), mux);
  }
  if (routing === "single") return test;
  for (const mux of [1, 2, 3, 4]) {
    test.tunnel.routes.insert(parsePrefix(`198.51.${mux}.0/24`), mux);
    test.tunnel.routes.insert(parsePrefix(`2001:db8:${mux}::/48`), mux);
  }
  return test;
}

/** All that a burst of super-frames leads to. */
function send(test: TestTunnel, frames: readonly SuperFrame[], segmentFlags: number) {
  const rows = frames
    .flatMap(({ net, isIpv6, segments, isTruncated }) =>
      segments.map((bytes, i) => ({
        frame: isIpv6 ? ipv6Frame(`2001:db8:${net}::5`, bytes) : ipv4Frame(`198.51.${net}.5`, bytes),
        flags: i > 0 ? segmentFlags : isTruncated ? PACKET_TRUNCATED : PACKET_OK,
      })),
    )
    .slice(0, test.batch.capacity);
  const count = fill(
    test.batch,
    rows.map(({ frame }) => frame),
  );
  for (const [row, { flags }] of rows.entries()) test.batch.descriptors[row * DESCRIPTOR_WORDS + FLAGS] = flags;
  test.now += 10;
  const ready = test.tunnel.outbound(test.batch, count, test.now);
  const { sequence } = test.keys;
  return {
    rows: Array.from({ length: ready }, (_, row) => ({
      descriptor: [...test.batch.descriptors.subarray(row * DESCRIPTOR_WORDS, (row + 1) * DESCRIPTOR_WORDS)],
      endpoint: [...endpointAt(test.batch, row)],
      datagram: toHex(packetAt(test.batch, row)),
    })),
    events: [...test.events],
    drops: test.drops(),
    packets: test.tunnel.counters.packetsOut,
    bytes: test.tunnel.counters.bytesOut,
    peers: Array.from(test.tunnel.peers, (peer) => ({
      packets: peer.counters.packetsOut,
      bytes: peer.counters.bytesOut,
      drops: test.drops(peer.counters),
      lastSentMs: peer.lastSentMs,
    })),
    numbers: [sequence.senderId, sequence.number, sequence.remaining],
  };
}

describe("a super-frame", () => {
  it("ends as its segments one by one", () => {
    const seen = { sent: 0, unnumbered: 0, changes: 0 };
    fc.assert(
      fc.property(options, fc.array(burst, { minLength: 1, maxLength: 4 }), (how, bursts) => {
        const together = begin(how);
        const alone = begin(how);
        for (const frames of bursts) {
          const before = together.keys.sequence.senderId;
          const result = send(together, frames, PACKET_SEGMENT);
          expect(result).toEqual(send(alone, frames, PACKET_OK));
          seen.sent += result.rows.length;
          if (result.numbers[0] !== before) seen.changes++;
        }
        seen.unnumbered += together.drops()["no-sequence"] ?? 0;
      }),
      { numRuns: 150 },
    );
    expect(seen.sent).toBeGreaterThan(700);
    expect(seen.unnumbered).toBeGreaterThan(150);
    expect(seen.changes).toBeGreaterThan(20);
  });
});
