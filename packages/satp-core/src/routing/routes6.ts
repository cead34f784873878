/** IPv6 routes: a hash table for each length, and a cache before them. */
import { wordAt } from "../batch/rows.ts";
import type { AddressWords } from "./address.ts";
import { DestinationCache, NOT_CACHED } from "./destination-cache.ts";
import { maskWord } from "./prefix.ts";
import { NO_VALUE } from "./prefix-table4.ts";
import { PrefixTable6 } from "./prefix-table6.ts";

const MASK_WORDS = 4;

/** A lookup costs one probe for each length in use, unless the destination is in the cache. */
export class Routes6 {
  size = 0;
  /** By prefix length. */
  readonly #tables: (PrefixTable6 | undefined)[] = new Array<undefined>(129).fill(undefined);
  /** The tables in use, longest prefix first, and four words of mask for each. */
  #used: PrefixTable6[] = [];
  #masks: Int32Array = new Int32Array(0);
  readonly #cache = new DestinationCache();

  /** Adds a prefix or changes its value. The words are masked to `length`. */
  set([a, b, c, d]: AddressWords, length: number, value: number): void {
    this.#cache.clear();
    if (this.#table(length).set(a, b, c, d, value)) this.size++;
  }

  /** False when exactly this prefix was not there. The words are masked to `length`. */
  delete([a, b, c, d]: AddressWords, length: number): boolean {
    const table = this.#tables[length];
    if (table?.delete(a, b, c, d) !== true) return false;
    this.#cache.clear();
    this.size--;
    if (table.size === 0) {
      this.#tables[length] = undefined;
      this.#listUsed();
    }
    return true;
  }

  /** Value for an address (four words, signed or unsigned), or -1. */
  lookup(a: number, b: number, c: number, d: number): number {
    const cached = this.#cache.get(a | 0, b | 0, c | 0, d | 0);
    if (cached !== NOT_CACHED) return cached;
    const value = this.#search(a, b, c, d);
    this.#cache.set(a, b, c, d, value);
    return value;
  }

  #search(a: number, b: number, c: number, d: number): number {
    const used = this.#used;
    const masks = this.#masks;
    for (let i = 0; i < used.length; i++) {
      const at = i * MASK_WORDS;
      const value =
        used[i]?.get(
          a & wordAt(masks, at),
          b & wordAt(masks, at + 1),
          c & wordAt(masks, at + 2),
          d & wordAt(masks, at + 3),
        ) ?? NO_VALUE;
      if (value !== NO_VALUE) return value;
    }
    return NO_VALUE;
  }

  #table(length: number): PrefixTable6 {
    const present = this.#tables[length];
    if (present !== undefined) return present;
    const table = new PrefixTable6();
    this.#tables[length] = table;
    this.#listUsed();
    return table;
  }

  #listUsed(): void {
    const lengths = this.#tables.flatMap((table, length) => (table === undefined ? [] : [length])).reverse();
    this.#used = this.#tables.flatMap((table) => table ?? []).reverse();
    this.#masks = Int32Array.from(
      lengths.flatMap((length) => [0, 32, 64, 96].map((before) => maskWord(-1, length - before))),
    );
  }
}
