/** IPv6 prefixes of one length: like the IPv4 table, with keys of four words. */
import { NO_VALUE, tagOf } from "./prefix-table4.ts";

const FIRST_BITS = 3;
const ENTRY_WORDS = 5;
const FREE = 0;

/** Maps the four masked address words to a mux. */
export class PrefixTable6 {
  size = 0;
  #shift = 32 - FIRST_BITS;
  /** 0 = free, else some bits of the hash and 1. */
  #tags: Uint8Array = new Uint8Array(1 << FIRST_BITS);
  /** Four address words and the value by slot. */
  #entries: Int32Array = new Int32Array(ENTRY_WORDS << FIRST_BITS);

  get(a: number, b: number, c: number, d: number): number {
    const hash = hash6(a, b, c, d);
    const tag = tagOf(hash, this.#shift);
    const mask = this.#tags.length - 1;
    for (let slot = hash >>> this.#shift; ; slot = (slot + 1) & mask) {
      const found = this.#tags[slot] ?? FREE;
      if (found === FREE) return NO_VALUE;
      if (found === tag && this.#holds(slot, a | 0, b | 0, c | 0, d | 0)) return this.#word(slot, 4);
    }
  }

  /** Adds or changes; true when it was added. */
  set(a: number, b: number, c: number, d: number, value: number): boolean {
    const slot = this.#find(a | 0, b | 0, c | 0, d | 0);
    const added = this.#tags[slot] === FREE;
    this.#write(slot, a, b, c, d, value);
    if (added && ++this.size * 2 > this.#tags.length) this.#resize(this.#shift - 1);
    return added;
  }

  /** True when it was there. */
  delete(a: number, b: number, c: number, d: number): boolean {
    let hole = this.#find(a | 0, b | 0, c | 0, d | 0);
    if (this.#tags[hole] === FREE) return false;
    // close the gap: an entry may move back unless that puts it before its own hash
    const mask = this.#tags.length - 1;
    for (let slot = (hole + 1) & mask; this.#tags[slot] !== FREE; slot = (slot + 1) & mask) {
      const hash = hash6(this.#word(slot, 0), this.#word(slot, 1), this.#word(slot, 2), this.#word(slot, 3));
      if (((slot - (hash >>> this.#shift)) & mask) < ((slot - hole) & mask)) continue;
      this.#tags[hole] = this.#tags[slot] ?? FREE;
      this.#entries.copyWithin(hole * ENTRY_WORDS, slot * ENTRY_WORDS, (slot + 1) * ENTRY_WORDS);
      hole = slot;
    }
    this.#tags[hole] = FREE;
    this.size--;
    if (this.#shift < 32 - FIRST_BITS && this.size * 8 < this.#tags.length) this.#resize(this.#shift + 1);
    return true;
  }

  /** Slot of the key, or the free slot where it would go. */
  #find(a: number, b: number, c: number, d: number): number {
    const mask = this.#tags.length - 1;
    let slot = hash6(a, b, c, d) >>> this.#shift;
    while (this.#tags[slot] !== FREE && !this.#holds(slot, a, b, c, d)) slot = (slot + 1) & mask;
    return slot;
  }

  #holds(slot: number, a: number, b: number, c: number, d: number): boolean {
    const entries = this.#entries;
    const at = slot * ENTRY_WORDS;
    return entries[at] === a && entries[at + 1] === b && entries[at + 2] === c && entries[at + 3] === d;
  }

  #word(slot: number, word: number): number {
    return this.#entries[slot * ENTRY_WORDS + word] ?? NO_VALUE;
  }

  #write(slot: number, a: number, b: number, c: number, d: number, value: number): void {
    const at = slot * ENTRY_WORDS;
    this.#tags[slot] = tagOf(hash6(a, b, c, d), this.#shift);
    this.#entries[at] = a;
    this.#entries[at + 1] = b;
    this.#entries[at + 2] = c;
    this.#entries[at + 3] = d;
    this.#entries[at + 4] = value;
  }

  #resize(shift: number): void {
    const tags = this.#tags;
    const entries = this.#entries;
    this.#shift = shift;
    this.#tags = new Uint8Array(2 ** (32 - shift));
    this.#entries = new Int32Array(this.#tags.length * ENTRY_WORDS);
    for (let slot = 0; slot < tags.length; slot++) {
      if (tags[slot] === FREE) continue;
      const at = slot * ENTRY_WORDS;
      const a = entries[at] ?? 0;
      const b = entries[at + 1] ?? 0;
      const c = entries[at + 2] ?? 0;
      const d = entries[at + 3] ?? 0;
      this.#write(this.#find(a, b, c, d), a, b, c, d, entries[at + 4] ?? NO_VALUE);
    }
  }
}

/** Mixes the words one after the other; the upper bits are the good ones. */
export function hash6(a: number, b: number, c: number, d: number): number {
  let mixed = Math.imul(a ^ (a >>> 15), 0x85ebca6b) ^ b;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ c;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) ^ d;
  return Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1);
}
