// Whether an end of ours connects as often as an original at its place, cell by cell, beyond what chance does.
import { bothConnected, type PunchCell, type PunchResult } from "./punch-matrix.ts";

export interface Comparison {
  /** Cells with an original and one of ours. */
  readonly cells: number;
  readonly better: number;
  readonly equal: number;
  readonly worse: number;
  /** Cells that are worse by more than chance would bring about once in twenty matrices. */
  readonly faults: readonly string[];
}

const SIGNIFICANT = 0.05;

export function compareWithOriginals(results: readonly PunchResult[]): Comparison {
  const originals = new Map(
    results.filter(({ cell }) => isAll(cell, "original")).map((result) => [place(result.cell), result]),
  );
  const mixed = results.filter(({ cell }) => cell.programs[0] !== cell.programs[1]);
  const compared = mixed.flatMap((result) => {
    const original = originals.get(place(result.cell));
    const isDone = original !== undefined && original.runs.length > 0 && result.runs.length > 0;
    return isDone ? [{ result, ...counts(result, original) }] : [];
  });
  const difference = compared.map(({ both, runs, otherBoth, otherRuns }) => both * otherRuns - otherBoth * runs);
  const faults = compared
    .filter(({ both, runs, otherBoth, otherRuns }) => {
      const chance = chanceOfFewer(both, runs, otherBoth, otherRuns);
      return chance * compared.length < SIGNIFICANT;
    })
    .map(
      ({ result, both, runs, otherBoth, otherRuns }) =>
        `${result.cell.programs.join("/")} ${place(result.cell)}: ${both} of ${runs} runs, two originals ${otherBoth} of ${otherRuns}`,
    );
  return {
    cells: compared.length,
    better: difference.filter((value) => value > 0).length,
    equal: difference.filter((value) => value === 0).length,
    worse: difference.filter((value) => value < 0).length,
    faults,
  };
}

/**
 * Chance of no more than `hits` successes among `runs`, when all successes of both groups are dealt at random (Fisher's
 * exact test, one side).
 */
export function chanceOfFewer(hits: number, runs: number, otherHits: number, otherRuns: number): number {
  const all = hits + otherHits;
  const total = logChoose(runs + otherRuns, all);
  let sum = 0;
  for (let k = Math.max(0, all - otherRuns); k <= hits; k++) {
    sum += Math.exp(logChoose(runs, k) + logChoose(otherRuns, all - k) - total);
  }
  return Math.min(1, sum);
}

function counts(
  result: PunchResult,
  original: PunchResult,
): { both: number; runs: number; otherBoth: number; otherRuns: number } {
  return {
    both: bothConnected(result).length,
    runs: result.runs.length,
    otherBoth: bothConnected(original).length,
    otherRuns: original.runs.length,
  };
}

function isAll({ programs }: PunchCell, name: string): boolean {
  return programs.every((program) => program === name);
}

function place({ gateways, skew, loss, wanInput, timeout }: PunchCell): string {
  const words = [...gateways, `${skew} s apart`, `${loss} % loss`];
  return [...words, wanInput ?? [], timeout === undefined ? [] : `--timeout ${timeout}`].flat().join(" ");
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 0; i < k; i++) sum += Math.log(n - i) - Math.log(i + 1);
  return sum;
}
