import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { changingCells, crossable, longCells, mixCells, otherInputCells, trapCells } from "../src/soak/punch-cells.ts";
import { chanceOfFewer, compareWithOriginals } from "../src/soak/punch-compare.ts";
import type { Puncher } from "../src/soak/punch-ends.ts";
import { busiestSecond, type PunchCell, type PunchResult } from "../src/soak/punch-matrix.ts";
import { PunchRecord } from "../src/soak/punch-record.ts";
import { longFaults, longSection, mixFaults, mixSection, portsFaults, portsSection } from "../src/soak/punch-report.ts";
import { Turnstile } from "../src/soak/turnstile.ts";

function result(
  left: Puncher,
  right: Puncher,
  statuses: readonly (readonly [number, number])[],
  seconds = 1,
): PunchResult {
  const cell = { programs: [left, right], gateways: ["none", "firewall"], skew: 0, loss: 0 } as const;
  return { cell: { ...cell, runs: statuses.length }, runs: statuses.map((pair) => ({ statuses: pair, seconds })) };
}

const both = [0, 0] as const;
const none = [4, 4] as const;
const half = [0, 4] as const;

function changing(gateways: readonly ["symmetric", "symmetric" | "none"], runs: number, seconds: number): PunchResult {
  const cell = { programs: ["ours", "ours"], gateways, skew: 0, loss: 0, runs } as const;
  return { cell, runs: Array.from({ length: runs }, () => ({ statuses: both, seconds })) };
}

/** One of ours and an original connect `hits` of 100 times, two originals `otherHits`. */
function mixed(hits: number, otherHits: number): PunchResult[] {
  const runs = (count: number): (readonly [number, number])[] =>
    Array.from({ length: 100 }, (_, index) => (index < count ? both : half));
  return [result("ours", "original", runs(hits)), result("original", "original", runs(otherHits))];
}

function long(loss: number, seconds: number, statuses: readonly [number, number] = both): PunchResult {
  const cell = { programs: ["ours", "ours"], gateways: ["none", "none"], skew: 0, loss, delayMs: 50, runs: 1 } as const;
  return { cell, runs: [{ statuses, seconds }] };
}

describe("the matrix of the hole puncher", () => {
  it("has all mixes of programs, and thins out", () => {
    expect(crossable(1)).toHaveLength(21);
    expect(mixCells(1, 20)).toHaveLength(21 * 4 * 15);
    expect(mixCells(7, 2)).toHaveLength(3 * 4 * 15);
    expect(otherInputCells(1, 2)).toHaveLength((20 + 8) * 4 * 3);
    expect(changingCells(1, 1)).toHaveLength((30 + 1) * 3);
    expect(trapCells(1)).toHaveLength(9);
    expect(longCells(1, 1)).toHaveLength(4 * 2 * 2 * 2);
  });

  it("finds nothing wrong where all connect", () => {
    const all = (["ours", "original"] as const).flatMap((left) =>
      (["ours", "original"] as const).map((right) => result(left, right, [both, both])),
    );
    expect(mixFaults(all, [])).toEqual([]);
    expect(mixSection(all, []).faults).toEqual([]);
    const planned = all.map(({ cell, runs }) => ({ cell: { ...cell, runs: 3 }, runs }));
    expect(mixSection(planned, []).faults).toEqual(["there was time for 8 of 12 runs"]);
    expect(mixSection(all, []).body).toContain("2/2 1.0");
  });

  it.each([
    ["two of ours fail", [result("ours", "ours", [both, none])], /two of ours: 1 of 2 runs/],
    [
      "one of ours is alone",
      [result("ours", "ours", [...Array.from({ length: 200 }, () => both), half])],
      /1 runs with one end alone/,
    ],
    [
      "a mix is worse than the original",
      mixed(70, 95),
      /ours\/original, 0 % loss, 0 s apart: 70 of 100 runs, the original alone 95 of 100/,
    ],
  ])("finds that %s", (_, results, fault) => {
    expect(mixFaults(results, []).join()).toMatch(fault);
  });

  it("judges gateways that change ports by the time", () => {
    expect(portsFaults([changing(["symmetric", "none"], 20, 14)], [])).toEqual([]);
    expect(portsFaults([changing(["symmetric", "none"], 20, 16)], []).join()).toMatch(
      /symmetric and none: 0 of 20 runs within 15 s/,
    );
    expect(portsFaults([changing(["symmetric", "symmetric"], 20, 16)], []).join()).toMatch(
      /symmetric and symmetric: 0 of 20/,
    );
    expect(portsFaults([], [result("ours", "ours", [none])]).join()).toMatch(/let packets in: 0 of 1/);
    expect(portsSection([changing(["symmetric", "none"], 3, 2)], []).body).toMatch(/3\/3 2\.0/);
  });

  it("takes what chance does for no fault", () => {
    expect(mixFaults(mixed(45, 48), [])).toEqual([]);
    expect(compareWithOriginals(mixed(45, 48))).toEqual({ cells: 1, better: 0, equal: 0, worse: 1, faults: [] });
    expect(compareWithOriginals(mixed(20, 48)).faults).toHaveLength(1);
  });

  it.each([
    // all of 2 and none of 2: one way in six to deal the two successes
    [0, 2, 2, 2, 1 / 6],
    [1, 2, 1, 2, 5 / 6],
    [2, 2, 0, 2, 1],
    // the lady tasting tea
    [1, 4, 3, 4, 17 / 70],
  ])("computes the chance of %i of %i next to %i of %i", (hits, runs, otherHits, otherRuns, chance) => {
    expect(chanceOfFewer(hits, runs, otherHits, otherRuns)).toBeCloseTo(chance, 10);
  });

  it("judges a long network by the median and by who is alone", () => {
    expect(longFaults([long(0, 0.24), long(30, 3)])).toEqual([]);
    expect(longFaults([long(0, 0.26)]).join()).toBe("none and none, 100 ms: 260 ms in the median");
    expect(longFaults([long(30, 3), long(30, 3, half)])).toEqual(["lossy: 1 of 2 runs", "1 runs with one end alone"]);
    expect(longSection([long(0, 0.2)]).body).toMatch(/100 +\| +0 % +\| +1\/1 +\| +200/);
  });

  it("finds the busiest second", () => {
    expect(busiestSecond([0, 0.5, 0.9, 1, 1.4, 3].map((time) => ({ time })))).toBe(4);
    expect(busiestSecond([])).toBe(0);
  });

  it("goes on where a record ends", () => {
    const folder = mkdtempSync(join(tmpdir(), "satp-record-"));
    const file = join(folder, "runs");
    const cell: PunchCell = {
      ...{ programs: ["ours", "original"], gateways: ["none", "cgnat"], skew: 3, loss: 10, runs: 2 },
    };
    try {
      new PunchRecord(file).add(cell, 1, { statuses: both, seconds: 2 });
      const again = new PunchRecord(file);
      expect([again.has(cell, 0), again.has(cell, 1)]).toEqual([false, true]);
      expect(again.has({ ...cell, loss: 30 }, 1)).toBe(false);
      expect(again.runsOf({ ...cell, runs: 20 })).toEqual([{ statuses: both, seconds: 2 }]);
      expect(again.runsOf({ ...cell, runs: 1 })).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a turnstile", () => {
  it("lets so many pass at a time, the urgent ones first", async () => {
    const turnstile = new Turnstile(2);
    const seen: string[] = [];
    const begin = async (name: string, isUrgent: boolean): Promise<void> => {
      await turnstile.pass(isUrgent, async () => {
        seen.push(name);
        await new Promise((resolve) => setImmediate(resolve));
      });
    };
    await Promise.all([begin("a", false), begin("b", false), begin("c", false), begin("d", true), begin("e", false)]);
    expect(seen).toEqual(["a", "b", "d", "c", "e"]);
    await expect(turnstile.pass(false, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    await Promise.all([begin("f", false), begin("g", false)]);
    expect(seen.slice(5)).toEqual(["f", "g"]);
  });
});
