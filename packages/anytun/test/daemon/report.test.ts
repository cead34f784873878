import { DROP_REASON_NAMES, DropReason, endpointOf, parseAddress } from "satp-core";
import { expect, it } from "vitest";
import { reportLines } from "../../src/daemon/report.ts";
import type { Snapshot } from "../../src/data-plane/messages.ts";

const quiet = DROP_REASON_NAMES.map(() => 0);

function dropsOf(changes: Record<number, number>): number[] {
  return quiet.map((_, reason) => changes[reason] ?? 0);
}

it("prints totals, drops that happened, and each peer", () => {
  const snapshot: Snapshot = {
    traffic: { packetsIn: 1, bytesIn: 2, packetsOut: 3, bytesOut: 2 ** 40 },
    drops: dropsOf({ [DropReason.badTag]: 5, [DropReason.replay]: 1 }),
    tooBigAnswers: 6,
    peers: [
      {
        mux: 7,
        endpoint: endpointOf(parseAddress("2001:db8::1"), 4444),
        heardAgoMs: 1234,
        sentAgoMs: -1,
        traffic: { packetsIn: 1, bytesIn: 2, packetsOut: 0, bytesOut: 0 },
        drops: dropsOf({ [DropReason.replay]: 1 }),
      },
    ],
  };
  expect(reportLines(snapshot)).toEqual([
    "counters: packets-in=1 bytes-in=2 packets-out=3 bytes-out=1099511627776 too-big-answers=6",
    "drops: bad-tag=5 replay=1",
    "peer 7 [2001:db8::1]:4444: heard 1.2 s ago, sent never, packets-in=1 bytes-in=2 packets-out=0 bytes-out=0",
    "peer 7 [2001:db8::1]:4444: drops: replay=1",
  ]);
});

it("says where copies go", () => {
  const peer = endpointOf(parseAddress("192.0.2.1"), 4444);
  const elsewhere = endpointOf(parseAddress("192.0.2.7"), 4444);
  const traffic = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 };
  const times = { heardAgoMs: 12_000, sentAgoMs: 0 };
  const lines = reportLines({
    traffic,
    drops: quiet,
    tooBigAnswers: 0,
    peers: [{ mux: 0, endpoint: peer, candidate: elsewhere, ...times, traffic, drops: quiet }],
  });
  expect(lines).toContain("peer 0 192.0.2.1:4444: copies go to 192.0.2.7:4444");
});

it("ends with what was moved in bulk, where the kernel does that", () => {
  const traffic = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 };
  const offloads = {
    ...{ superFrames: 2, segments: 90, joinedWrites: 1, joinedFrames: 40 },
    ...{ segmentedSends: 3, segmentedDatagrams: 91, refusedSends: 0 },
    ...{ coalescedReceives: 4, coalescedDatagrams: 120, lostDatagrams: 0 },
  };
  expect(reportLines({ traffic, drops: quiet, tooBigAnswers: 0, peers: [], offloads }).at(-1)).toBe(
    "offloads: super-frames=2 segments=90 joined-writes=1 joined-frames=40 segmented-sends=3 segmented-datagrams=91 " +
      "refused-sends=0 coalesced-receives=4 coalesced-datagrams=120 lost-datagrams=0",
  );
});

it("prints zeros, and nothing at all without a snapshot", () => {
  const traffic = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 };
  expect(reportLines({ traffic, drops: quiet, tooBigAnswers: 0, peers: [] })).toEqual([
    "counters: packets-in=0 bytes-in=0 packets-out=0 bytes-out=0 too-big-answers=0",
    "drops: none",
  ]);
  expect(reportLines(undefined)).toEqual([]);
});
