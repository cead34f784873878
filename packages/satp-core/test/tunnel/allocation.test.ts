import { setFlagsFromString } from "node:v8";
import { describe, expect, it } from "vitest";
import { createBatch } from "../../src/batch/create-batch.ts";
import {
  DESCRIPTOR_WORDS,
  FLAGS,
  HEADROOM_BYTES,
  PACKET_FOLLOWS,
  PACKET_OK,
  PACKET_SEGMENT,
  type PacketBatch,
} from "../../src/batch/packet-batch.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { parsePrefix } from "../../src/routing/prefix.ts";
import { contextFor, endpoint, fill, ipv4Frame, ipv6Frame, SLOT_BYTES, TestTunnel } from "../support/test-tunnel.ts";

// a number above 2³¹ that is handed from function to function is an object, unless the compiler makes one function of them:
// it does not always, so nothing may depend on it
setFlagsFromString("--no-turbo-inlining");

const PACKETS = 400_000;
const ROWS = 16;

/** Bytes of heap that `turn` left behind per packet, after it was compiled. */
function bytesPerPacket(turn: () => void): number {
  const turns = PACKETS / ROWS;
  for (let i = 0; i < turns / 4; i++) turn();
  // the least of several runs: a collection in the middle, or other tests' garbage, only spoils a single one
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < turns / 4; i++) turn();
    const grown = process.memoryUsage().heapUsed - before;
    if (grown >= 0) least = Math.min(least, grown / (PACKETS / 4));
  }
  return least;
}

// a single object, closure or array per packet would be at least 16 bytes
const LIMIT = 8;

function expectNoGarbageOutbound(test: TestTunnel, batch: PacketBatch): void {
  const rows = batch.descriptors.slice();
  const grown = bytesPerPacket(() => {
    batch.descriptors.set(rows);
    test.tunnel.outbound(batch, ROWS, 1.5);
  });
  expect(test.tunnel.counters.packetsOut).toBeGreaterThan(PACKETS);
  expect(grown).toBeLessThan(LIMIT);
}

describe("the hot paths leave no garbage", () => {
  it.each([
    { family: "IPv4", prefix: "198.51.0.0/16", frame: ipv4Frame },
    { family: "IPv6", prefix: "2001:db8::/32", frame: ipv6Frame },
  ])("outbound with routes, $family", ({ prefix, frame }) => {
    const sequence = new SequenceCounter({ senderId: 0, first: 0x90000000, end: 0x100000000 });
    const test = new TestTunnel({ routing: "routes", sequence });
    test.addPeer(endpoint(1), 4);
    test.tunnel.routes.insert(parsePrefix(prefix), 4);
    const batch = createBatch(ROWS, SLOT_BYTES);
    const frames = Array.from({ length: ROWS }, () => frame());
    fill(batch, frames);
    expectNoGarbageOutbound(test, batch);
  });

  it("outbound of super-frames", () => {
    const test = new TestTunnel({
      sequence: new SequenceCounter({ senderId: 0, first: 0x90000000, end: 0x100000000 }),
    });
    test.addPeer(endpoint(1));
    const batch = createBatch(ROWS, SLOT_BYTES);
    fill(
      batch,
      Array.from({ length: ROWS }, () => ipv4Frame()),
    );
    for (let row = 1; row < ROWS; row++) batch.descriptors[row * DESCRIPTOR_WORDS + FLAGS] = PACKET_SEGMENT;
    expectNoGarbageOutbound(test, batch);
  });

  it.each([
    { how: "one by one", flags: PACKET_OK },
    { how: "in runs", flags: PACKET_FOLLOWS },
  ])("classify and accept with a replay window, $how", ({ flags }) => {
    const suite = { kdPrf: "null", cipher: "null", auth: "null", tagBytes: 0 } as const;
    const test = new TestTunnel({ context: contextFor("left", suite), windowSize: 128 });
    test.addPeer(endpoint(1));
    const batch = createBatch(ROWS, SLOT_BYTES);
    const datagrams = Array.from({ length: ROWS }, () => Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x45, 0]));
    fill(
      batch,
      datagrams,
      datagrams.map(() => endpoint(1)),
    );
    for (let row = 1; row < ROWS; row++) batch.descriptors[row * DESCRIPTOR_WORDS + FLAGS] = flags;
    const rows = batch.descriptors.slice();
    const view = new DataView(batch.bytes.buffer);
    // in a typed array: a captured variable above 2³¹ would be a new heap number each time
    const sequence = Uint32Array.of(0x90000000);
    const grown = bytesPerPacket(() => {
      batch.descriptors.set(rows);
      for (let row = 0; row < ROWS; row++) {
        sequence[0] = (sequence[0] ?? 0) + 1;
        view.setUint32(row * SLOT_BYTES + HEADROOM_BYTES, sequence[0]);
      }
      test.tunnel.accept(batch, test.tunnel.classify(batch, ROWS), 2.5);
    });
    expect(test.tunnel.counters.packetsIn).toBeGreaterThan(PACKETS);
    expect(grown).toBeLessThan(LIMIT);
  });
});
