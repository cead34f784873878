// Measurements that are compared take turns, so that what disturbs the machine disturbs all of them.
import { LabError } from "../lab/index.ts";
import type { Runs } from "./results.ts";

export interface Entry<Figures> {
  /** Row of the table. */
  readonly name: string;
  measure(): Promise<Figures>;
}

export interface Interleaved<Figures> {
  readonly runs: Runs<Figures>;
  /** One line for each measurement that failed. */
  readonly failures: readonly string[];
}

/**
 * Every entry once, then all of them again. What the laboratory or a program refuses is a failure of that run; anything
 * else is thrown.
 * @param tell is told the outcome of each measurement, in one line
 */
export async function interleave<Figures>(
  entries: readonly Entry<Figures>[],
  runs: number,
  headline: (figures: Figures) => string,
  tell: (line: string) => void,
): Promise<Interleaved<Figures>> {
  const results = new Map<string, Figures[]>(entries.map(({ name }) => [name, []]));
  const failures: string[] = [];
  for (let run = 1; run <= runs; run += 1) {
    for (const { name, measure } of entries) {
      const place = `run ${run} of ${runs}  ${name.padEnd(26)}`;
      try {
        const figures = await measure();
        results.get(name)?.push(figures);
        tell(`${place} ${headline(figures)}`);
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
        failures.push(`${name}, run ${run}: ${error.message.split("\n")[0]}`);
        tell(`${place} failed: ${error.message}`);
      }
    }
  }
  return { runs: results, failures };
}
