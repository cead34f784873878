/** Answers of the last lookups: packets of one flow follow one another, and most traffic has few destinations. */
import { hash6 } from "./prefix-table6.ts";

/** The destination is not in the cache. -1 cannot say that: it is the cached answer for "no route". */
export const NOT_CACHED = -2;

const BITS = 11;
const ENTRY_WORDS = 5;

/** Direct mapped, of fixed size: a newer destination replaces an older one with the same hash. */
export class DestinationCache {
  /** Four address words and the mux. */
  readonly #entries: Int32Array = new Int32Array(ENTRY_WORDS << BITS).fill(NOT_CACHED);
  #empty = true;

  /** Mux, -1 for "no route", or {@link NOT_CACHED}. Words are signed. */
  get(a: number, b: number, c: number, d: number): number {
    const entries = this.#entries;
    const at = slotOf(a, b, c, d);
    if (entries[at] === a && entries[at + 1] === b && entries[at + 2] === c && entries[at + 3] === d) {
      return entries[at + 4] ?? NOT_CACHED;
    }
    return NOT_CACHED;
  }

  set(a: number, b: number, c: number, d: number, mux: number): void {
    const entries = this.#entries;
    const at = slotOf(a, b, c, d);
    entries[at] = a;
    entries[at + 1] = b;
    entries[at + 2] = c;
    entries[at + 3] = d;
    entries[at + 4] = mux;
    this.#empty = false;
  }

  /** Forgets everything; costs nothing when nothing was looked up since the last time. */
  clear(): void {
    if (this.#empty) return;
    this.#entries.fill(NOT_CACHED);
    this.#empty = true;
  }
}

function slotOf(a: number, b: number, c: number, d: number): number {
  return (hash6(a, b, c, d) >>> (32 - BITS)) * ENTRY_WORDS;
}
