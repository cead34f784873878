// Tables of the medians of all runs.
import { median, spread } from "../measure/statistics.ts";

/** What was measured of each contender, one after the other; no entry for a run that failed. */
export type Runs<Figures> = ReadonlyMap<string, readonly Figures[]>;

export interface Column<Figures> {
  readonly title: string;
  readonly digits: number;
  /** NaN where it does not apply. */
  readonly value: (figures: Figures) => number;
  /** Name of the row whose value is ×1. */
  readonly reference?: string;
  /** Show only the ratio. */
  readonly ratioOnly?: boolean;
}

/** Head and one row for each contender: medians, and × the reference where it was measured too. */
export function resultTable<Figures>(runs: Runs<Figures>, columns: readonly Column<Figures>[]): string[][] {
  const rows = [["", ...columns.map((column) => column.title)]];
  for (const [name, figures] of runs) {
    rows.push([name, ...columns.map((column) => cell(column, figures, runs))]);
  }
  return rows;
}

/** Name of the runs of one column's contender in one row of {@link crossTable}. */
export function crossName(row: string, column: string): string {
  return `${row}: ${column}`;
}

/** A row for each circumstance, a column for each contender: medians, and × the reference in the same circumstance. */
export function crossTable<Figures>(
  runs: Runs<Figures>,
  rows: readonly string[],
  columns: readonly string[],
  reference: string,
  value: (figures: Figures) => number,
): string[][] {
  const one = (row: string, column: string): number => medianOf(runs.get(crossName(row, column)), value);
  const cells = (row: string): string[] =>
    columns.map((column) => {
      const median = one(row, column);
      if (Number.isNaN(median)) return "–";
      const ratio = ratioText(median, one(row, reference));
      return ratio === "–" ? median.toFixed(2) : `${median.toFixed(2)} (${ratio})`;
    });
  return [["", ...columns], ...rows.map((row) => [row, ...cells(row)])];
}

/** Median of one value over the runs; NaN without runs. */
export function medianOf<Figures>(
  figures: readonly Figures[] | undefined,
  value: (figures: Figures) => number,
): number {
  return median((figures ?? []).map(value));
}

/** `×2.50`, or a dash when one of the two is missing. */
export function ratioText(value: number, reference: number): string {
  const ratio = value / reference;
  return Number.isFinite(ratio) ? `×${ratio.toFixed(2)}` : "–";
}

/** Largest deviation of a run's value from its median, over all contenders: says how quiet the machine was. */
export function largestSpread<Figures>(runs: Runs<Figures>, value: (figures: Figures) => number): number {
  const spreads = [...runs.values()].map((figures) => spread(figures.map(value)));
  return Math.max(0, ...spreads.filter((share) => !Number.isNaN(share)));
}

function cell<Figures>(column: Column<Figures>, figures: readonly Figures[], runs: Runs<Figures>): string {
  const value = medianOf(figures, column.value);
  if (Number.isNaN(value)) return "–";
  const reference = column.reference === undefined ? undefined : runs.get(column.reference);
  const ratio = ratioText(value, medianOf(reference, column.value));
  if (column.ratioOnly === true) return ratio;
  return ratio === "–" ? value.toFixed(column.digits) : `${value.toFixed(column.digits)} (${ratio})`;
}
