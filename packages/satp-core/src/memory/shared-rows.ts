/**
 * Rows of numbers, cut from arrays that they share. A typed array costs some hundred bytes and often a page of its own
 * whatever it holds, which tens of thousands of peers would pay several times.
 *
 * A row is given out once and stays with its owner; the shared array is freed with the last of its rows.
 */

/** Words of a full shared array; a row of a quarter of that or more gets its own. */
const SHARED_WORDS = 16_384;
const FIRST_WORDS = 64;

/** `length` zeros in `table` from `at` on, for whoever asked. */
interface Row<Table> {
  readonly table: Table;
  readonly at: number;
}

class Rows<Table extends Int32Array | Float64Array> {
  readonly #make: (length: number) => Table;
  #table: Table;
  #used = 0;

  constructor(make: (length: number) => Table) {
    this.#make = make;
    this.#table = make(FIRST_WORDS);
  }

  next(length: number): Row<Table> {
    if (4 * length >= SHARED_WORDS) return { table: this.#make(length), at: 0 };
    if (this.#used + length > this.#table.length) {
      // few rows, small arrays: a tunnel with one peer must not pay for thousands
      this.#table = this.#make(Math.min(SHARED_WORDS, Math.max(2 * this.#table.length, 2 * length)));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += length;
    return { table: this.#table, at };
  }
}

const wordRows = new Rows((length) => new Int32Array(length));
const cellRows = new Rows((length) => new Float64Array(length));

/** Double-precision numbers. */
export type CellRow = Row<Float64Array>;

/** A row of `length` 32-bit words. */
export function wordRow(length: number): Row<Int32Array> {
  return wordRows.next(length);
}

/** A row of `length` double-precision numbers. */
export function cellRow(length: number): CellRow {
  return cellRows.next(length);
}
