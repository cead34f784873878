// The short versions of what `npm run soak -- --only cluster-faults` does for long.
import { describe, expect, it } from "vitest";
import { requires } from "../../src/lab/index.ts";
import { countPings, pingFaults } from "../../src/soak/cluster-fault-lab.ts";
import { clusterFaultList, clusterFaultsSection } from "../../src/soak/cluster-faults.ts";

describe("a cluster goes on", requires("root", "tun", "ip", "ping"), () => {
  it.each(clusterFaultList)("while: $name", async (fault) => {
    const result = await fault.run(false);
    expect(result.faults).toEqual([]);
    expect(clusterFaultsSection([[fault, result]])).toMatchObject({ title: "Cluster faults", faults: [] });
  });
});

describe("pings", () => {
  it("are lost when one behind them was answered", () => {
    const line = (number: number): string => `64 bytes from 10.200.0.1: icmp_seq=${number} ttl=63 time=0.3 ms\n`;
    expect(countPings([1, 2, 5, 5].map(line).join(""))).toEqual({ sent: 5, lost: 2 });
    expect(pingFaults({ sent: 60, lost: 1 }, 0)).toEqual(["1 of 60 pings were lost"]);
    expect(pingFaults({ sent: 60, lost: 1 }, 1)).toEqual([]);
    expect(pingFaults(countPings(""), 0)).toEqual(["only 0 pings"]);
  });
});
