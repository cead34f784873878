/** IPv6 prefixes of one length: like the IPv4 table, with keys of four words beside one another. */
import { NO_VALUE } from "./prefix-table4.ts";

const FIRST_BITS = 3;

/** Maps the four masked address words to a mux. */
export class PrefixTable6 {
  size = 0;
  #shift = 32 - FIRST_BITS;
  #keys: Int32Array = new Int32Array(4 << FIRST_BITS);
  #values: Int32Array = new Int32Array(1 << FIRST_BITS).fill(NO_VALUE);

  get(a: number, b: number, c: number, d: number): number {
    return this.#values[this.#find(a | 0, b | 0, c | 0, d | 0)] ?? NO_VALUE;
  }

  /** Adds or changes; true when it was added. */
  set(a: number, b: number, c: number, d: number, value: number): boolean {
    const slot = this.#find(a | 0, b | 0, c | 0, d | 0);
    const added = this.#values[slot] === NO_VALUE;
    this.#write(slot, a, b, c, d, value);
    if (added && ++this.size * 2 > this.#values.length) this.#resize(this.#shift - 1);
    return added;
  }

  /** True when it was there. */
  delete(a: number, b: number, c: number, d: number): boolean {
    let hole = this.#find(a | 0, b | 0, c | 0, d | 0);
    if (this.#values[hole] === NO_VALUE) return false;
    // close the gap: an entry may move back unless that puts it before its own hash
    const mask = this.#values.length - 1;
    for (let slot = (hole + 1) & mask; this.#values[slot] !== NO_VALUE; slot = (slot + 1) & mask) {
      const at = slot * 4;
      const home = hash6(this.#key(at), this.#key(at + 1), this.#key(at + 2), this.#key(at + 3), this.#shift);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#keys.copyWithin(hole * 4, at, at + 4);
      this.#values[hole] = this.#values[slot] ?? NO_VALUE;
      hole = slot;
    }
    this.#values[hole] = NO_VALUE;
    this.size--;
    if (this.#shift < 32 - FIRST_BITS && this.size * 8 < this.#values.length) this.#resize(this.#shift + 1);
    return true;
  }

  /** Slot of the key, or the free slot where it would go. */
  #find(a: number, b: number, c: number, d: number): number {
    const keys = this.#keys;
    const mask = this.#values.length - 1;
    let slot = hash6(a, b, c, d, this.#shift);
    while (this.#values[slot] !== NO_VALUE) {
      const at = slot * 4;
      if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #key(at: number): number {
    return this.#keys[at] ?? 0;
  }

  #write(slot: number, a: number, b: number, c: number, d: number, value: number): void {
    this.#keys[slot * 4] = a;
    this.#keys[slot * 4 + 1] = b;
    this.#keys[slot * 4 + 2] = c;
    this.#keys[slot * 4 + 3] = d;
    this.#values[slot] = value;
  }

  #resize(shift: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#shift = shift;
    this.#keys = new Int32Array(4 * 2 ** (32 - shift));
    this.#values = new Int32Array(2 ** (32 - shift)).fill(NO_VALUE);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? NO_VALUE;
      if (value === NO_VALUE) continue;
      const a = keys[i * 4] ?? 0;
      const b = keys[i * 4 + 1] ?? 0;
      const c = keys[i * 4 + 2] ?? 0;
      const d = keys[i * 4 + 3] ?? 0;
      this.#write(this.#find(a, b, c, d), a, b, c, d, value);
    }
  }
}

/** Mixes the words one after the other; the top bits of the last multiplication are the slot. */
function hash6(a: number, b: number, c: number, d: number, shift: number): number {
  let mixed = Math.imul(a ^ (a >>> 15), 0x85ebca6b) ^ b;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ c;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) ^ d;
  return Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1) >>> shift;
}
