import { describe, expect, it } from "vitest";
import { DatagramFuzzer, Random } from "../src/fuzz/index.ts";

const samples = [new Uint8Array(118).fill(7), new Uint8Array(30).fill(9)] as const;
const take = (seed: number, count: number): string[] => {
  const fuzzer = new DatagramFuzzer(seed, samples);
  return Array.from({ length: count }, () => Buffer.from(fuzzer.next()).toString("hex"));
};

describe("the fuzzer", () => {
  it("repeats itself for a seed and differs between seeds", () => {
    expect(take(1, 500)).toEqual(take(1, 500));
    expect(take(1, 500)).not.toEqual(take(2, 500));
  });

  it("leaves the samples as they are and never exceeds a datagram", () => {
    const fuzzer = new DatagramFuzzer(3, samples);
    let longest = 0;
    for (let count = 0; count < 20_000; count += 1) longest = Math.max(longest, fuzzer.next().length);
    expect(longest).toBeLessThanOrEqual(65_507);
    expect(longest).toBeGreaterThan(2_000);
    expect(samples[0].every((byte) => byte === 7) && samples[1].every((byte) => byte === 9)).toBe(true);
  });

  it("uses every mutation, and mostly makes something new", () => {
    const fuzzer = new DatagramFuzzer(4, samples);
    const seen = new Set<string>();
    for (let count = 0; count < 20_000; count += 1) seen.add(Buffer.from(fuzzer.next()).toString("latin1"));
    for (const [mutation, count] of Object.entries(fuzzer.made)) expect(count, mutation).toBeGreaterThan(0);
    expect(Object.values(fuzzer.made).reduce((sum, count) => sum + count)).toBe(20_000);
    expect(seen.size).toBeGreaterThan(12_000);
  });

  it("takes empty and tiny samples", () => {
    const fuzzer = new DatagramFuzzer(5, [new Uint8Array(0), new Uint8Array(3)]);
    expect(() => {
      for (let count = 0; count < 5_000; count += 1) fuzzer.next();
    }).not.toThrow();
  });
});

describe("the random numbers", () => {
  it("fill their range evenly", () => {
    const random = new Random(1);
    const counts = new Array<number>(16).fill(0);
    for (let count = 0; count < 16_000; count += 1) {
      const value = random.below(16);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
