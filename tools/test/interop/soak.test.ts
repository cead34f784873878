// The short versions of what `npm run soak` does for long.
import { describe, expect, it } from "vitest";
import { requires } from "../../src/lab/index.ts";
import { anycastFaults, anycastSwitching } from "../../src/soak/anycast.ts";
import { clusterMix, clusterMixes, clusterMixesSection, mixFaults, mixWords } from "../../src/soak/cluster-mixes.ts";
import { fuzzCampaign } from "../../src/soak/fuzz-campaign.ts";
import { interopLoad, loadCases } from "../../src/soak/interop-load.ts";
import { loadFaults } from "../../src/soak/load-report.ts";
import { combinations, optionMatrix } from "../../src/soak/option-matrix.ts";
import { replayBound, replayBoundFaults } from "../../src/soak/replay-bound.ts";
import { fuzzFaults, soakFaults } from "../../src/soak/report.ts";
import { soakTraffic } from "../../src/soak/traffic-soak.ts";

describe("two daemons", requires("root", "tun", "ip", "ping", "iperf3", "tcpdump"), () => {
  it("carry six seconds of traffic without an unexpected drop", async () => {
    const result = await soakTraffic(6, () => {});
    // Memory is judged by the long run: within seconds the heap has not found its size.
    expect(soakFaults(result).filter((fault) => !fault.startsWith("memory"))).toEqual([]);
    expect(result.gigabytes).toBeGreaterThan(0.01);
    expect(result.pingsSent).toBeGreaterThan(20);
  });

  it("survive and count 20,000 random and mutated datagrams", async () => {
    const result = await fuzzCampaign(20_000, 7);
    expect(fuzzFaults(result)).toEqual([]);
    expect(result.flood.sent).toBe(20_000);
    expect(result.counters.drops.get("bad-tag")).toBeGreaterThan(5_000);
    expect(result.counters.drops.get("too-short")).toBeGreaterThan(100);
    expect(result.counters.drops.get("unknown-mux")).toBeGreaterThan(100);
  });
});

describe(
  "an original under load in both directions",
  requires("root", "tun", "ip", "ping", "ethtool", "anytun", "uanytun", "ifconfig"),
  () => {
    it.each(loadCases())("delivers every byte: $peer, ours $ourRole, IPv$inside in IPv$outside", async (wanted) => {
      const result = await interopLoad(wanted, 2);
      expect(loadFaults(result)).toEqual([]);
      const [ours, theirs] = result.ends.map(({ received }) => received.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(Math.min(ours ?? 0, theirs ?? 0)).toBeGreaterThan(1_000_000);
    });
  },
);

describe("an anycast route that changes", requires("root", "tun", "ip", "ping", "iperf3"), () => {
  it("breaks no connection through three nodes of ours", async () => {
    const result = await anycastSwitching({ client: "ours", nodes: ["ours", "ours", "ours"] }, 8);
    expect(result.switches).toBe(3);
    expect(anycastFaults(result, undefined)).toEqual([]);
  });
});

describe("mixes of ours and the originals in a cluster", () => {
  it("are all there: each three nodes with each client, and with a control host and all clients", () => {
    expect(clusterMixes).toHaveLength(8 * (3 + 1));
    expect(new Set(clusterMixes.map(mixWords))).toHaveLength(clusterMixes.length);
  });

  it.each([
    ["ours", ["anytun", "ours", "anytun"]],
    ["anytun", ["ours", "anytun", "ours"]],
  ] as const)(
    "carry three clients and their networks from node to node: control host %s, nodes %j",
    requires("root", "tun", "ip", "ping", "anytun", "uanytun", "ifconfig"),
    async (control, nodes) => {
      const result = await clusterMix({ nodes, clients: ["ours", "anytun", "uanytun"], control });
      expect(mixFaults(result)).toEqual([]);
      expect(result.switches).toBe(3);
      const lost = { ...result, unanswered: ["ours node 2 to anytun"], pings: [{ sent: 30, lost: 4 }] };
      expect(mixFaults(lost)).toEqual([
        expect.stringMatching(/the first packet from ours node 2 to anytun was not answered$/),
        expect.stringMatching(/client ours: 4 of 30 pings were lost$/),
      ]);
      expect(clusterMixesSection([result])).toMatchObject({ title: "Cluster mixes", faults: [] });
    },
  );
});

describe("a packet that one node has seen", requires("root", "tun", "ip", "ping", "tcpdump"), () => {
  it("is refused by the others after two seconds", async () => {
    const bound = await replayBound(2);
    expect(replayBoundFaults(bound)).toEqual([]);
    expect(bound.refusedAfterMs).toHaveLength(2);
  });
});

describe("the matrix of options", () => {
  it("has every combination once", () => {
    const all = combinations().map((combination) => JSON.stringify(combination));
    expect(new Set(all).size).toBe(4 * 4 * 4 * 2 * 2 * 2 * 2);
    expect(all).toHaveLength(new Set(all).size);
  });

  it("works in a sample of it", requires("root", "tun", "ip", "ping", "anytun", "uanytun", "ifconfig"), async () => {
    // A stride that shares no factor with the sizes of the axes visits every value of each.
    const result = await optionMatrix(41, () => {});
    expect(result.failed).toEqual([]);
    expect(result.passed).toBe(25);
  });
});
