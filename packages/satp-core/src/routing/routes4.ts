/** IPv4 routes: a hash table for each length, and before them a cache, or a flat table when there are many. */
import { wordAt } from "../batch/rows.ts";
import { DestinationCache, NOT_CACHED } from "./destination-cache.ts";
import { FLAT_LENGTH, FlatTable4, flatValue } from "./flat-table4.ts";
import { maskWord } from "./prefix.ts";
import { NO_VALUE, PrefixTable4 } from "./prefix-table4.ts";

/** Prefixes that are worth the 64 MiB of the flat table. It goes when a quarter of them is left. */
const FLAT_FROM = 65_536;

/**
 * The hash tables hold the prefixes and can answer alone, with a probe for each length in use. What stands before them
 * only saves probes.
 */
export class Routes4 {
  size = 0;
  /** By prefix length. */
  readonly #tables: (PrefixTable4 | undefined)[] = new Array<undefined>(33).fill(undefined);
  /** The lengths in use, longest first, with their tables and masks; the first `#usedLong` are too long for a flat table. */
  #lengths: number[] = [];
  #used: PrefixTable4[] = [];
  #masks: Int32Array = new Int32Array(0);
  #usedLong = 0;
  readonly #cache = new DestinationCache();
  #flat: FlatTable4 | undefined;

  /** Adds a prefix or changes its value. `word` is masked to `length`. */
  set(word: number, length: number, value: number): void {
    if (this.#table(length).set(word, value)) this.size++;
    this.#follow(word, length);
  }

  /** False when exactly this prefix was not there. `word` is masked to `length`. */
  delete(word: number, length: number): boolean {
    const table = this.#tables[length];
    if (table?.delete(word) !== true) return false;
    this.size--;
    if (table.size === 0) {
      this.#tables[length] = undefined;
      this.#listUsed();
    }
    this.#follow(word, length);
    return true;
  }

  /** Value for an address (signed or unsigned), or -1. */
  lookup(word: number): number {
    const flat = this.#flat;
    if (flat === undefined) return this.#lookupCached(word | 0);
    const slot = wordAt(flat.slots, word >>> (32 - FLAT_LENGTH));
    if (slot >= 0) return flatValue(slot);
    const longer = this.#search(word, this.#usedLong);
    return longer === NO_VALUE ? flatValue(slot) : longer;
  }

  #lookupCached(word: number): number {
    const cached = this.#cache.get(word, 0, 0, 0);
    if (cached !== NOT_CACHED) return cached;
    const value = this.#search(word, this.#used.length);
    this.#cache.set(word, 0, 0, 0, value);
    return value;
  }

  /** The longest match among the first `end` of the lengths in use. */
  #search(word: number, end: number): number {
    const used = this.#used;
    for (let i = 0; i < end; i++) {
      const value = used[i]?.get(word & wordAt(this.#masks, i)) ?? NO_VALUE;
      if (value !== NO_VALUE) return value;
    }
    return NO_VALUE;
  }

  /** Keeps what stands before the tables true after a change of one prefix. */
  #follow(word: number, length: number): void {
    const flat = this.#flat;
    this.#cache.clear();
    if (flat === undefined) {
      if (this.size >= FLAT_FROM) this.#flat = this.#flatten();
    } else if (4 * this.size < FLAT_FROM) {
      this.#flat = undefined;
    } else if (length > FLAT_LENGTH) {
      const present = this.#tables[length]?.get(word) ?? NO_VALUE;
      flat.mark(word, present !== NO_VALUE || this.#hasLonger(maskWord(word, FLAT_LENGTH)));
    } else {
      this.#rewrite(flat, word, length);
    }
  }

  #rewrite(flat: FlatTable4, word: number, length: number): void {
    for (let i = this.#usedLong; i < this.#used.length; i++) {
      const found = this.#lengths[i] ?? 0;
      if (found > length) continue;
      const value = this.#used[i]?.get(word & wordAt(this.#masks, i)) ?? NO_VALUE;
      if (value !== NO_VALUE) {
        flat.write(word, length, value, found);
        return;
      }
    }
    flat.write(word, length, NO_VALUE, 0);
  }

  /** Whether a /24 has longer prefixes in it: at most 510 probes. */
  #hasLonger(word: number): boolean {
    for (let i = 0; i < this.#usedLong; i++) {
      const step = 2 ** (32 - (this.#lengths[i] ?? 0));
      for (let host = 0; host < 2 ** (32 - FLAT_LENGTH); host += step) {
        if (this.#used[i]?.get(word | host) !== NO_VALUE) return true;
      }
    }
    return false;
  }

  #flatten(): FlatTable4 {
    const flat = new FlatTable4();
    for (const [length, table] of this.#tables.entries()) {
      table?.forEach((word, value) => {
        if (length > FLAT_LENGTH) flat.mark(word, true);
        else flat.write(word, length, value, length);
      });
    }
    return flat;
  }

  #table(length: number): PrefixTable4 {
    const present = this.#tables[length];
    if (present !== undefined) return present;
    const table = new PrefixTable4();
    this.#tables[length] = table;
    this.#listUsed();
    return table;
  }

  #listUsed(): void {
    this.#lengths = this.#tables.flatMap((table, length) => (table === undefined ? [] : [length])).reverse();
    this.#used = this.#tables.flatMap((table) => table ?? []).reverse();
    this.#masks = Int32Array.from(this.#lengths, (length) => maskWord(-1, length));
    this.#usedLong = this.#lengths.filter((length) => length > FLAT_LENGTH).length;
  }
}
