/** Outbound: destination address → mux, by the longest prefix that contains it. */
import { wordAt } from "../batch/rows.ts";
import { checkRange } from "../errors.ts";
import { MAX_MUX } from "../wire/layout.ts";
import { DestinationCache, NOT_CACHED } from "./destination-cache.ts";
import { maskWord, type Prefix, prefixOf } from "./prefix.ts";
import { NO_VALUE, PrefixTable4 } from "./prefix-table4.ts";
import { PrefixTable6 } from "./prefix-table6.ts";

/** An IPv4 mask is the first of four words, as an IPv4 address is. */
const MASK_WORDS = 4;

/**
 * Routes of both families. One hash table per prefix length and a list of the lengths in use, longest
 * first: a lookup costs one probe per length in use, memory grows with the number of prefixes only
 * (18 to 36 bytes for an IPv4, 42 to 84 for an IPv6 prefix), and a change touches one entry. Before it
 * is a small cache of destinations. A trie would need fewer probes for destinations that are all
 * different, but its nodes cost ten times as much for scattered long prefixes, and a chain of them
 * costs as many cache misses.
 */
export class RoutingTable {
  /** By prefix length. */
  readonly #tables4: (PrefixTable4 | undefined)[] = new Array<undefined>(33).fill(undefined);
  readonly #tables6: (PrefixTable6 | undefined)[] = new Array<undefined>(129).fill(undefined);
  /** The tables in use, longest prefix first, and the masks of their lengths. */
  #used4: PrefixTable4[] = [];
  #used6: PrefixTable6[] = [];
  #masks4: Int32Array = new Int32Array(0);
  #masks6: Int32Array = new Int32Array(0);
  readonly #cache4 = new DestinationCache();
  readonly #cache6 = new DestinationCache();
  #size = 0;

  /** Number of prefixes. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a route, or points an existing one to another mux. Host bits of the prefix are ignored.
   * @throws SatpError `out-of-range`
   */
  insert(prefix: Prefix, mux: number): void {
    checkRange("mux", mux, 0, MAX_MUX);
    const { family, words, length } = prefixOf(prefix, prefix.length);
    const [a, b, c, d] = words;
    this.#forget(family);
    const added = family === 4 ? this.#table4(length).set(a, mux) : this.#table6(length).set(a, b, c, d, mux);
    if (added) this.#size++;
  }

  /** Removes a route; false when there was none for exactly this prefix. */
  remove(prefix: Prefix): boolean {
    const { family, words, length } = prefixOf(prefix, prefix.length);
    const [a, b, c, d] = words;
    this.#forget(family);
    const table = family === 4 ? this.#tables4[length] : this.#tables6[length];
    const removed = table instanceof PrefixTable4 ? table.delete(a) : (table?.delete(a, b, c, d) ?? false);
    if (!removed) return false;
    this.#size--;
    if (table?.size === 0) {
      if (family === 4) this.#tables4[length] = undefined;
      else this.#tables6[length] = undefined;
      this.#listUsed();
    }
    return true;
  }

  /** Mux for an IPv4 destination (big-endian word, signed or unsigned), or -1. */
  lookup4(word: number): number {
    const cached = this.#cache4.get(word | 0, 0, 0, 0);
    if (cached !== NOT_CACHED) return cached;
    const mux = this.#search4(word);
    this.#cache4.set(word, 0, 0, 0, mux);
    return mux;
  }

  /** Mux for an IPv6 destination (four big-endian words, signed or unsigned), or -1. */
  lookup6(a: number, b: number, c: number, d: number): number {
    const cached = this.#cache6.get(a | 0, b | 0, c | 0, d | 0);
    if (cached !== NOT_CACHED) return cached;
    const mux = this.#search6(a, b, c, d);
    this.#cache6.set(a, b, c, d, mux);
    return mux;
  }

  #search4(word: number): number {
    const used = this.#used4;
    for (let i = 0; i < used.length; i++) {
      const value = used[i]?.get(word & wordAt(this.#masks4, i * MASK_WORDS)) ?? NO_VALUE;
      if (value !== NO_VALUE) return value;
    }
    return NO_VALUE;
  }

  #search6(a: number, b: number, c: number, d: number): number {
    const used = this.#used6;
    const masks = this.#masks6;
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

  #table4(length: number): PrefixTable4 {
    let table = this.#tables4[length];
    if (table === undefined) {
      table = new PrefixTable4();
      this.#tables4[length] = table;
      this.#listUsed();
    }
    return table;
  }

  #table6(length: number): PrefixTable6 {
    let table = this.#tables6[length];
    if (table === undefined) {
      table = new PrefixTable6();
      this.#tables6[length] = table;
      this.#listUsed();
    }
    return table;
  }

  /** Any change may change any answer of its family. */
  #forget(family: 4 | 6): void {
    if (family === 4) this.#cache4.clear();
    else this.#cache6.clear();
  }

  #listUsed(): void {
    [this.#used4, this.#masks4] = longestFirst(this.#tables4);
    [this.#used6, this.#masks6] = longestFirst(this.#tables6);
  }
}

function longestFirst<Table>(byLength: readonly (Table | undefined)[]): [Table[], Int32Array] {
  const tables: Table[] = [];
  const masks: number[] = [];
  for (let length = byLength.length - 1; length >= 0; length--) {
    const table = byLength[length];
    if (table === undefined) continue;
    tables.push(table);
    for (let word = 0; word < MASK_WORDS; word++) masks.push(maskWord(-1, length - 32 * word));
  }
  return [tables, Int32Array.from(masks)];
}
