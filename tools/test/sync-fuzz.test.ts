import { describe, expect, it } from "vitest";
import { FrameFuzzer, frameKinds } from "../src/fuzz/frame-fuzzer.ts";
import {
  recordedArchives,
  type SyncFuzzResult,
  syncFuzz,
  syncFuzzFaults,
  syncFuzzSection,
} from "../src/soak/sync-fuzz.ts";

describe("mutated frames of the cluster protocol", () => {
  it("are the same for the same seed, and of every kind", () => {
    const frames = (seed: number): string[] => {
      const fuzzer = new FrameFuzzer(recordedArchives(), seed);
      return Array.from({ length: 200 }, () => {
        const { kind, bytes } = fuzzer.next();
        return `${kind} ${Buffer.from(bytes).toString("hex")}`;
      });
    };
    expect(frames(1)).toEqual(frames(1));
    expect(frames(1)).not.toEqual(frames(2));
    expect(new Set(frames(1).map((frame) => frame.split(" ")[0]))).toEqual(new Set(frameKinds));
  });

  it("are survived, 100,000 of them, with every outcome there is", () => {
    const result = syncFuzz(100_000, 5, () => undefined);
    expect(syncFuzzFaults(result).filter((fault) => !fault.startsWith("the heap"))).toEqual([]);
    const outcomes = ["Invalid argument", "input stream error", "invalid signature", "unknown address type"];
    expect(Object.keys(result.outcomes).sort()).toEqual([
      "connection",
      ...["clock", "complete", "hello", "place", "replay-mark", "withdraw-connection", "withdraw-route"].map(
        (type) => `ours: ${type}`,
      ),
      ...[...outcomes, "unsupported version"].map((fault) => `refused: ${fault}`),
      "route",
      "unknown",
      ...["ethernet route", "hanging prefix", "key", "role"].map((why) => `unusable: ${why}`),
    ]);
    expect(syncFuzzSection(result).body).toContain("100000 frames");
  });

  it("faults are found", () => {
    const good: SyncFuzzResult = {
      ...{ frames: 10, seed: 1, seconds: 1, slowestMs: 1, heapMib: { third: 10, end: 11 }, faults: [] },
      made: { flipped: 10, cut: 0, spliced: 0, token: 0, count: 0, garbage: 0, framing: 0, untouched: 0 },
      outcomes: { connection: 10 },
    };
    expect(syncFuzzFaults(good)).toEqual([]);
    expect(syncFuzzFaults({ ...good, slowestMs: 2000 })).toHaveLength(1);
    expect(syncFuzzFaults({ ...good, heapMib: { third: 10, end: 20 } })).toHaveLength(1);
    expect(syncFuzzFaults({ ...good, outcomes: {} })).toHaveLength(1);
    expect(syncFuzzFaults({ ...good, faults: ["x"] })).toEqual(["x"]);
  });
});
