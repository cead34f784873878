// The short versions of what `npm run soak` does for long.
import { describe, expect, it } from "vitest";
import { requires } from "../../src/lab/index.ts";
import { fuzzCampaign } from "../../src/soak/fuzz-campaign.ts";
import { interopLoad, loadCases } from "../../src/soak/interop-load.ts";
import { loadFaults } from "../../src/soak/load-report.ts";
import { combinations, optionMatrix } from "../../src/soak/option-matrix.ts";
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
