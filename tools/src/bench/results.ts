// The numbers of all runs, and the table made of their medians.
import { median, spread } from "../measure/statistics.ts";

/** What is measured of one contender in one run; NaN where it does not apply. */
export interface Figures {
  readonly tcp: number;
  readonly cpuLeft: number;
  readonly cpuRight: number;
  readonly smallUdp: number;
  readonly idle: number;
  readonly loaded: number;
  readonly residentLeft: number;
  readonly residentRight: number;
}

interface Column {
  readonly title: string;
  readonly digits: number;
  /** Shown beside its ratio to the reference. */
  readonly ratio: boolean;
  readonly value: (figures: Figures) => number;
}

const columns: readonly Column[] = [
  { title: "TCP Gbit/s", digits: 2, ratio: true, value: (figures) => figures.tcp },
  { title: "CPU s/GB sending", digits: 2, ratio: true, value: (figures) => figures.cpuLeft },
  { title: "CPU s/GB receiving", digits: 2, ratio: true, value: (figures) => figures.cpuRight },
  { title: "64-byte UDP kpps", digits: 0, ratio: true, value: (figures) => figures.smallUdp / 1000 },
  { title: "ping idle ms", digits: 2, ratio: false, value: (figures) => figures.idle },
  { title: "ping loaded ms", digits: 2, ratio: false, value: (figures) => figures.loaded },
  { title: "RSS MiB", digits: 0, ratio: false, value: (figures) => (figures.residentLeft + figures.residentRight) / 2 },
];

/** Head and one row for each contender: medians, and × the reference where it was measured too. */
export function resultTable(runs: ReadonlyMap<string, readonly Figures[]>, reference: string): string[][] {
  const base = runs.get(reference);
  const rows = [["", ...columns.map((column) => column.title)]];
  for (const [name, figures] of runs) {
    rows.push([name, ...columns.map((column) => cell(column, figures, base))]);
  }
  return rows;
}

/** Largest deviation of a run's TCP rate from the median, over all contenders: says how quiet the machine was. */
export function largestSpread(runs: ReadonlyMap<string, readonly Figures[]>): number {
  return Math.max(0, ...[...runs.values()].map((figures) => spread(figures.map(({ tcp }) => tcp))));
}

function cell(column: Column, figures: readonly Figures[], base: readonly Figures[] | undefined): string {
  const value = median(figures.map(column.value));
  if (Number.isNaN(value)) return "–";
  const text = value.toFixed(column.digits);
  const reference = base === undefined ? Number.NaN : median(base.map(column.value));
  if (!column.ratio || Number.isNaN(reference)) return text;
  return `${text} (×${(value / reference).toFixed(2)})`;
}
