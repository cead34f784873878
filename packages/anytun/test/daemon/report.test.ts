import {
  DROP_REASON_NAMES,
  DropReason,
  endpointOf,
  parseAddress,
  SequenceCounter,
  Tunnel,
  type TunnelConfig,
} from "satp-core";
import { expect, it } from "vitest";
import { reportLines } from "../../src/daemon/report.ts";
import type { Snapshot } from "../../src/data-plane/messages.ts";
import { type PeerPage, peerPage } from "../../src/data-plane/peer-page.ts";

const nobody: PeerPage = { count: 0, cells: new Float64Array(), endpoints: new Int32Array(), next: undefined };
const zeros: Snapshot = {
  traffic: { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 },
  drops: DROP_REASON_NAMES.map(() => 0),
  tooBigAnswers: 0,
  keepAlivesOut: 0,
  peerCount: 0,
};

function tunnelOf(muxes: readonly number[]): Tunnel {
  const config: TunnelConfig = {
    ...{ kind: "tun", mux: 0, windowSize: 0, routing: "single", autodetect: undefined },
    events: {
      peerDetected() {},
      endpointMoved() {},
      candidateAppeared() {},
      sequenceLow() {},
      livenessChanged() {},
    },
  };
  const tunnel = new Tunnel(config);
  for (const mux of muxes) tunnel.addPeer({ mux, context: 0, tagBytes: 10, sequence: new SequenceCounter() });
  return tunnel;
}

it("prints totals, drops that happened, and each peer", () => {
  const tunnel = tunnelOf([7]);
  const peer = tunnel.peer(7);
  tunnel.setEndpoint(7, endpointOf(parseAddress("2001:db8::1"), 4444));
  if (peer === undefined) throw new Error("no peer");
  peer.lastHeardMs = 1000;
  peer.countIn(1, 2);
  peer.counters.countDrop(DropReason.replay);
  const dropped = new Map<number, number>([
    [DropReason.badTag, 5],
    [DropReason.replay, 1],
    [DropReason.emptyPayload, 7],
  ]);
  const snapshot: Snapshot = {
    ...zeros,
    traffic: { packetsIn: 1, bytesIn: 2, packetsOut: 3, bytesOut: 2 ** 40 },
    drops: zeros.drops.map((_, reason) => dropped.get(reason) ?? 0),
    tooBigAnswers: 6,
    keepAlivesOut: 4,
    peerCount: 1,
  };
  expect(reportLines(snapshot, peerPage(tunnel, 0, 64, 2234))).toEqual([
    "counters: packets-in=1 bytes-in=2 packets-out=3 bytes-out=1099511627776 keep-alives-in=7 keep-alives-out=4 too-big-answers=6",
    "drops: bad-tag=5 replay=1",
    "peer 7 [2001:db8::1]:4444: heard 1.2 s ago, sent never, packets-in=1 bytes-in=2 packets-out=0 bytes-out=0",
    "peer 7 [2001:db8::1]:4444: drops: replay=1",
  ]);
});

it("says where copies go", () => {
  const tunnel = tunnelOf([0]);
  tunnel.setEndpoint(0, endpointOf(parseAddress("192.0.2.1"), 4444));
  tunnel.peer(0)?.candidate.replace(endpointOf(parseAddress("192.0.2.7"), 4444), 0, 1000);
  const lines = reportLines(zeros, peerPage(tunnel, 0, 64, 2000));
  expect(lines).toContain("peer 0 192.0.2.1:4444: copies go to 192.0.2.7:4444");
});

it("names some of many peers and counts the others", () => {
  const tunnel = tunnelOf([1, 2, 3, 4, 5]);
  const lines = reportLines({ ...zeros, peerCount: 5 }, peerPage(tunnel, 0, 2, 0));
  expect(lines.filter((line) => line.startsWith("peer"))).toHaveLength(4);
  expect(lines.at(-1)).toBe("3 more peers: see anytun status");
});

it("ends with what was moved in bulk, where the kernel does that", () => {
  const offloads = {
    ...{ superFrames: 2, segments: 90, joinedWrites: 1, joinedFrames: 40, ringCalls: 5, ringFrames: 17, overtakes: 3 },
    ...{ segmentedSends: 3, segmentedDatagrams: 91, refusedSends: 0 },
    ...{ coalescedReceives: 4, coalescedDatagrams: 120, lostDatagrams: 0 },
  };
  expect(reportLines({ ...zeros, offloads }, nobody).at(-1)).toBe(
    "offloads: super-frames=2 segments=90 joined-writes=1 joined-frames=40 ring-calls=5 ring-frames=17 overtakes=3 " +
      "segmented-sends=3 segmented-datagrams=91 refused-sends=0 coalesced-receives=4 coalesced-datagrams=120 lost-datagrams=0",
  );
});

it("prints zeros, and nothing at all without a snapshot", () => {
  expect(reportLines(zeros, nobody)).toEqual([
    "counters: packets-in=0 bytes-in=0 packets-out=0 bytes-out=0 keep-alives-in=0 keep-alives-out=0 too-big-answers=0",
    "drops: none",
  ]);
  expect(reportLines(undefined, undefined)).toEqual([]);
});
