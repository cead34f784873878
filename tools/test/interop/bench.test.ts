// That the benchmark's instruments see what they are made for; the numbers themselves are the benchmark's.
import { describe, expect, it } from "vitest";
import { usableKernels } from "../../src/bench/sections/kernels.ts";
import { requires } from "../../src/lab/index.ts";
import { measureStages, stages } from "../../src/measure/stages.ts";
import { measureTypescriptShare } from "../../src/measure/typescript-share.ts";

describe("under a TCP stream", requires("root", "tun", "ip", "ping", "iperf3"), () => {
  it("every stage of both ends is seen at work, one peer among many", async () => {
    const { rate, left, right, residentMib } = await measureStages({ peers: 300, routes: 2_000 }, 0.5);
    expect(rate).toBeGreaterThan(0);
    expect(residentMib).toBeGreaterThan(10);
    for (const end of [left, right]) {
      for (const stage of stages) expect(end.nanoseconds[stage], stage).toBeGreaterThanOrEqual(0);
      expect(end.typescriptShare).toBeGreaterThan(0);
      expect(end.typescriptShare).toBeLessThan(1);
    }
    // The data go from left to right.
    expect(left.share.seal).toBeGreaterThan(left.share.open);
    expect(right.share.open).toBeGreaterThan(right.share.seal);
  });

  it("the profiler sees the data plane's thread of both daemons", async () => {
    for (const share of await measureTypescriptShare(0.5)) {
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(1);
    }
  });
});

describe("the crypto kernels", () => {
  it("are named, OpenSSL's always among them", async () => {
    expect(await usableKernels()).toContain("evp");
  });
});
