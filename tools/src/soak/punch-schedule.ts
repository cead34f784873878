// Runs a matrix of the hole puncher in many laboratories at a time.
import { labName, type PunchCell, PunchLab, type PunchResult } from "./punch-matrix.ts";
import type { PunchRecord } from "./punch-record.ts";
import { Turnstile } from "./turnstile.ts";

export interface PunchPlan {
  /** Laboratories at a time. */
  readonly labs: number;
  readonly record: PunchRecord;
  /** No run begins after this time, in milliseconds of performance.now(). */
  readonly until: number;
  readonly tick: (done: number, all: number) => void;
}

interface Slice {
  readonly cell: PunchCell;
  readonly from: number;
  readonly to: number;
}

/** Laboratories that are made at a time: each takes some twenty processes, one after the other. */
const building = new Turnstile(6);
/** Runs of a cell that are done in one laboratory: making it takes as long as some of them. */
const SLICE = 5;

/** Does what the record has not, as far as there is time; every cell gets its first runs before any gets more. */
export async function punchMatrix(
  cells: readonly PunchCell[],
  { labs, record, until, tick }: PunchPlan,
): Promise<PunchResult[]> {
  const slices = slicesOf(cells, record);
  const all = slices.length;
  const work = async (): Promise<void> => {
    let lab: PunchLab | undefined;
    let name: string | undefined;
    try {
      while (performance.now() < until) {
        const slice = take(slices, name);
        if (slice === undefined) return;
        const { cell, from, to } = slice;
        if (lab === undefined || name !== labName(cell)) {
          await lab?.[Symbol.asyncDispose]();
          lab = undefined;
          lab = await building.pass(false, () => PunchLab.create(cell));
          name = labName(cell);
        }
        const numbers = Array.from({ length: to - from }, (_, i) => from + i).filter((n) => !record.has(cell, n));
        await runAll(lab, cell, numbers, record);
        tick(all - slices.length, all);
      }
    } finally {
      await lab?.[Symbol.asyncDispose]();
    }
  };
  await Promise.all(Array.from({ length: labs }, work));
  return cells.map((cell) => ({ cell, runs: record.runsOf(cell) }));
}

/** At a time, unless packets of a host are counted: then one after the other. */
async function runAll(lab: PunchLab, cell: PunchCell, numbers: readonly number[], record: PunchRecord): Promise<void> {
  const run = async (n: number): Promise<void> => record.add(cell, n, await lab.run(cell, n));
  if (cell.isCounted !== true) await Promise.all(numbers.map(run));
  else for (const n of numbers) await run(n);
}

function slicesOf(cells: readonly PunchCell[], record: PunchRecord): Slice[] {
  const slices: Slice[] = [];
  const most = Math.max(0, ...cells.map(({ runs }) => runs));
  const sorted = [...cells].sort((a, b) => a.skew - b.skew);
  for (let from = 0; from < most; from += SLICE) {
    for (const cell of sorted) {
      const to = Math.min(from + SLICE, cell.runs);
      const numbers = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
      if (numbers.some((n) => !record.has(cell, n))) slices.push({ cell, from, to });
    }
  }
  return slices;
}

/** The next one, preferably of the same turn in the same laboratory. */
function take(slices: Slice[], name: string | undefined): Slice | undefined {
  const [first] = slices;
  const same = slices.findIndex(({ cell, from }) => labName(cell) === name && from === first?.from);
  return slices.splice(Math.max(0, same), 1)[0];
}
