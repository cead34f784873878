/** Routes as rows of numbers: a message with 50,000 of them is copied between threads in one piece. */
import type { Prefix, RoutingTable } from "satp-core";

/** Mux or {@link REMOVED}, address family, prefix length, four address words. */
const ROW_WORDS = 7;
const REMOVED = -1;

/** A prefix and where it leads; undefined = it leads nowhere any more. */
export interface RouteChange {
  readonly prefix: Prefix;
  readonly mux: number | undefined;
}

export function routeRows(changes: readonly RouteChange[]): Int32Array {
  const rows = new Int32Array(changes.length * ROW_WORDS);
  for (const [row, { prefix, mux }] of changes.entries()) {
    const at = row * ROW_WORDS;
    rows[at] = mux ?? REMOVED;
    rows[at + 1] = prefix.family;
    rows[at + 2] = prefix.length;
    rows.set(prefix.words, at + 3);
  }
  return rows;
}

/** Adds, points elsewhere and removes. */
export function applyRouteRows(rows: Int32Array, table: RoutingTable): void {
  for (let at = 0; at < rows.length; at += ROW_WORDS) {
    const [mux = REMOVED, family, length = 0, a = 0, b = 0, c = 0, d = 0] = rows.subarray(at, at + ROW_WORDS);
    const prefix: Prefix = { family: family === 6 ? 6 : 4, length, words: [a, b, c, d] };
    if (mux === REMOVED) table.remove(prefix);
    else table.insert(prefix, mux);
  }
}
