/** Outbound: destination address → mux, by the longest prefix that contains it. */
import { checkRange } from "../errors.ts";
import { MAX_MUX } from "../wire/layout.ts";
import { maskWord, type Prefix, prefixOf } from "./prefix.ts";
import { NO_VALUE, PrefixTable4 } from "./prefix-table4.ts";
import { PrefixTable6 } from "./prefix-table6.ts";

/**
 * Routes of both families. One hash table per prefix length and a list of the lengths in use, longest
 * first: a lookup costs one probe per length in use, memory grows with the number of prefixes only
 * (16 to 32 bytes for an IPv4, 40 to 80 for an IPv6 prefix), and a change touches one entry. A trie
 * would answer a little faster with very many lengths, but real tables have few, and a trie's nodes
 * cost ten times as much for scattered long prefixes.
 */
export class RoutingTable {
  /** By prefix length. */
  readonly #tables4: (PrefixTable4 | undefined)[] = new Array<undefined>(33).fill(undefined);
  readonly #tables6: (PrefixTable6 | undefined)[] = new Array<undefined>(129).fill(undefined);
  /** The tables in use, longest prefix first, and their lengths. */
  #used4: PrefixTable4[] = [];
  #used6: PrefixTable6[] = [];
  #lengths4: Int32Array = new Int32Array(0);
  #lengths6: Int32Array = new Int32Array(0);
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
    const added = family === 4 ? this.#table4(length).set(a, mux) : this.#table6(length).set(a, b, c, d, mux);
    if (added) this.#size++;
  }

  /** Removes a route; false when there was none for exactly this prefix. */
  remove(prefix: Prefix): boolean {
    const { family, words, length } = prefixOf(prefix, prefix.length);
    const [a, b, c, d] = words;
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
    const lengths = this.#lengths4;
    for (let i = 0; i < lengths.length; i++) {
      const value = this.#used4[i]?.get(maskWord(word, lengths[i] ?? 0)) ?? NO_VALUE;
      if (value !== NO_VALUE) return value;
    }
    return NO_VALUE;
  }

  /** Mux for an IPv6 destination (four big-endian words, signed or unsigned), or -1. */
  lookup6(a: number, b: number, c: number, d: number): number {
    const lengths = this.#lengths6;
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i] ?? 0;
      const value =
        this.#used6[i]?.get(
          maskWord(a, length),
          maskWord(b, length - 32),
          maskWord(c, length - 64),
          maskWord(d, length - 96),
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

  #listUsed(): void {
    [this.#used4, this.#lengths4] = longestFirst(this.#tables4);
    [this.#used6, this.#lengths6] = longestFirst(this.#tables6);
  }
}

function longestFirst<Table>(byLength: readonly (Table | undefined)[]): [Table[], Int32Array] {
  const tables: Table[] = [];
  const lengths: number[] = [];
  for (let length = byLength.length - 1; length >= 0; length--) {
    const table = byLength[length];
    if (table === undefined) continue;
    tables.push(table);
    lengths.push(length);
  }
  return [tables, Int32Array.from(lengths)];
}
