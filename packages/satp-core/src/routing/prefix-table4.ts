/** IPv4 prefixes of one length: open addressing with a byte of the hash per slot, kept apart from the entries. */

/** Value of a key that is not there. */
export const NO_VALUE = -1;

const FIRST_BITS = 3;
const ENTRY_WORDS = 2;
const FREE = 0;

/**
 * Maps the masked address word to a mux. Most probes of a longest-prefix search miss, and are decided
 * by the bytes of `#tags` alone: a megabyte of them, which caches hold, stands for half a million prefixes.
 */
export class PrefixTable4 {
  size = 0;
  #shift = 32 - FIRST_BITS;
  /** 0 = free, else some bits of the hash and 1. */
  #tags: Uint8Array = new Uint8Array(1 << FIRST_BITS);
  /** Address word and value by slot. */
  #entries: Int32Array = new Int32Array(ENTRY_WORDS << FIRST_BITS);

  get(word: number): number {
    const key = word | 0;
    const hash = hash4(key);
    const tag = tagOf(hash, this.#shift);
    const mask = this.#tags.length - 1;
    for (let slot = hash >>> this.#shift; ; slot = (slot + 1) & mask) {
      const found = this.#tags[slot] ?? FREE;
      if (found === FREE) return NO_VALUE;
      if (found === tag && this.#entries[slot * ENTRY_WORDS] === key)
        return this.#entries[slot * ENTRY_WORDS + 1] ?? NO_VALUE;
    }
  }

  /** Adds or changes; true when it was added. */
  set(word: number, value: number): boolean {
    const key = word | 0;
    const slot = this.#find(key);
    const added = this.#tags[slot] === FREE;
    this.#write(slot, key, value);
    if (added && ++this.size * 2 > this.#tags.length) this.#resize(this.#shift - 1);
    return added;
  }

  /** True when it was there. */
  delete(word: number): boolean {
    let hole = this.#find(word | 0);
    if (this.#tags[hole] === FREE) return false;
    // close the gap: an entry may move back unless that puts it before its own hash
    const mask = this.#tags.length - 1;
    for (let slot = (hole + 1) & mask; this.#tags[slot] !== FREE; slot = (slot + 1) & mask) {
      const key = this.#entries[slot * ENTRY_WORDS] ?? 0;
      const home = hash4(key) >>> this.#shift;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#write(hole, key, this.#entries[slot * ENTRY_WORDS + 1] ?? NO_VALUE);
      hole = slot;
    }
    this.#tags[hole] = FREE;
    this.size--;
    if (this.#shift < 32 - FIRST_BITS && this.size * 8 < this.#tags.length) this.#resize(this.#shift + 1);
    return true;
  }

  /** All words, signed, and their values, in no order. */
  forEach(visit: (word: number, value: number) => void): void {
    for (let slot = 0; slot < this.#tags.length; slot++) {
      if (this.#tags[slot] === FREE) continue;
      visit(this.#entries[slot * ENTRY_WORDS] ?? 0, this.#entries[slot * ENTRY_WORDS + 1] ?? NO_VALUE);
    }
  }

  /** Slot of the key, or the free slot where it would go. */
  #find(key: number): number {
    const mask = this.#tags.length - 1;
    let slot = hash4(key) >>> this.#shift;
    while (this.#tags[slot] !== FREE && this.#entries[slot * ENTRY_WORDS] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #write(slot: number, key: number, value: number): void {
    this.#tags[slot] = tagOf(hash4(key), this.#shift);
    this.#entries[slot * ENTRY_WORDS] = key;
    this.#entries[slot * ENTRY_WORDS + 1] = value;
  }

  #resize(shift: number): void {
    const tags = this.#tags;
    const entries = this.#entries;
    this.#shift = shift;
    this.#tags = new Uint8Array(2 ** (32 - shift));
    this.#entries = new Int32Array(this.#tags.length * ENTRY_WORDS);
    for (let slot = 0; slot < tags.length; slot++) {
      if (tags[slot] === FREE) continue;
      const key = entries[slot * ENTRY_WORDS] ?? 0;
      this.#write(this.#find(key), key, entries[slot * ENTRY_WORDS + 1] ?? NO_VALUE);
    }
  }
}

/** The bits of the hash below those that chose the slot. */
export function tagOf(hash: number, shift: number): number {
  return ((hash >>> (shift - 8)) & 0xff) | 1;
}

/** Multiplication by 2³²/φ after folding: prefixes differ in their upper bits. */
function hash4(key: number): number {
  return Math.imul(key ^ (key >>> 15), 0x9e3779b1);
}
