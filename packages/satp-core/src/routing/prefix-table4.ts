/** IPv4 prefixes of one length: open addressing in two typed arrays, so that a lookup touches one or two cache lines. */

/** Value of a free slot, and answer for "not there". */
export const NO_VALUE = -1;
const FIRST_BITS = 3;

/** Maps the masked address word to a mux. */
export class PrefixTable4 {
  size = 0;
  #shift = 32 - FIRST_BITS;
  #keys: Int32Array = new Int32Array(1 << FIRST_BITS);
  #values: Int32Array = new Int32Array(1 << FIRST_BITS).fill(NO_VALUE);

  get(word: number): number {
    const key = word | 0;
    const mask = this.#keys.length - 1;
    let slot = hash4(key, this.#shift);
    for (;;) {
      const value = this.#values[slot] ?? NO_VALUE;
      if (value === NO_VALUE || this.#keys[slot] === key) return value;
      slot = (slot + 1) & mask;
    }
  }

  /** Adds or changes; true when it was added. */
  set(word: number, value: number): boolean {
    const slot = this.#find(word | 0);
    const added = this.#values[slot] === NO_VALUE;
    this.#keys[slot] = word;
    this.#values[slot] = value;
    if (added && ++this.size * 2 > this.#keys.length) this.#resize(this.#shift - 1);
    return added;
  }

  /** True when it was there. */
  delete(word: number): boolean {
    let hole = this.#find(word | 0);
    if (this.#values[hole] === NO_VALUE) return false;
    // close the gap: an entry may move back unless that puts it before its own hash
    const mask = this.#keys.length - 1;
    for (let slot = (hole + 1) & mask; this.#values[slot] !== NO_VALUE; slot = (slot + 1) & mask) {
      const home = hash4(this.#keys[slot] ?? 0, this.#shift);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#keys[hole] = this.#keys[slot] ?? 0;
      this.#values[hole] = this.#values[slot] ?? NO_VALUE;
      hole = slot;
    }
    this.#values[hole] = NO_VALUE;
    this.size--;
    if (this.#shift < 32 - FIRST_BITS && this.size * 8 < this.#keys.length) this.#resize(this.#shift + 1);
    return true;
  }

  /** Slot of the key, or the free slot where it would go. */
  #find(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = hash4(key, this.#shift);
    while (this.#values[slot] !== NO_VALUE && this.#keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #resize(shift: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#shift = shift;
    this.#keys = new Int32Array(2 ** (32 - shift));
    this.#values = new Int32Array(this.#keys.length).fill(NO_VALUE);
    for (let i = 0; i < keys.length; i++) {
      const value = values[i] ?? NO_VALUE;
      if (value === NO_VALUE) continue;
      const key = keys[i] ?? 0;
      const slot = this.#find(key);
      this.#keys[slot] = key;
      this.#values[slot] = value;
    }
  }
}

/** Top bits of a multiplication by 2³²/φ, after folding: prefixes differ in their upper bits. */
function hash4(key: number, shift: number): number {
  return Math.imul(key ^ (key >>> 15), 0x9e3779b1) >>> shift;
}
