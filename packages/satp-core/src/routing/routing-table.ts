/** Outbound: destination address → mux, by the longest prefix that contains it. */
import { checkRange } from "../errors.ts";
import { MAX_MUX } from "../wire/layout.ts";
import { type Prefix, prefixOf } from "./prefix.ts";
import { Routes4 } from "./routes4.ts";
import { Routes6 } from "./routes6.ts";

/** Routes of both families. */
export class RoutingTable {
  readonly #routes4 = new Routes4();
  readonly #routes6 = new Routes6();

  /** Number of prefixes. */
  get size(): number {
    return this.#routes4.size + this.#routes6.size;
  }

  /**
   * Adds a route, or points an existing one to another mux. Host bits of the prefix are ignored.
   * @throws SatpError `out-of-range`
   */
  insert(prefix: Prefix, mux: number): void {
    checkRange("mux", mux, 0, MAX_MUX);
    const { family, words, length } = prefixOf(prefix, prefix.length);
    if (family === 4) this.#routes4.set(words[0], length, mux);
    else this.#routes6.set(words, length, mux);
  }

  /**
   * Removes a route; false when there was none for exactly this prefix.
   * @throws SatpError `out-of-range`
   */
  remove(prefix: Prefix): boolean {
    const { family, words, length } = prefixOf(prefix, prefix.length);
    return family === 4 ? this.#routes4.delete(words[0], length) : this.#routes6.delete(words, length);
  }

  /** Mux for an IPv4 destination (big-endian word, signed or unsigned), or -1. */
  lookup4(word: number): number {
    return this.#routes4.lookup(word);
  }

  /** Mux for an IPv6 destination (four big-endian words, signed or unsigned), or -1. */
  lookup6(a: number, b: number, c: number, d: number): number {
    return this.#routes6.lookup(a, b, c, d);
  }
}
