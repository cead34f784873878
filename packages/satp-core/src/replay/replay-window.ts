import { wordAt } from "../batch/rows.ts";
import { checkRange } from "../errors.ts";
import { wordRow } from "../memory/shared-rows.ts";
import { SequenceVerdict } from "./sequence-verdict.ts";

/** Largest window in packets: 2 MiB of memory per sender id. */
export const MAX_WINDOW_SIZE = 0x1000000;

const HALF = 0x7fffffff;

/** Bytes of memory that the bitmap of a window takes. */
export function windowBytes(size: number): number {
  let bits = 32;
  while (bits < size) bits *= 2;
  return bits / 8;
}

/**
 * The last `size` sequence numbers of one sender id (spec: satp-wire.md 10), with the originals' exact
 * behaviour around 2³². A ring of bits, indexed by the low bits of the number: its length is a power of
 * two and divides 2³², so the wrap needs no special case here.
 *
 * Invariant: the bit of a number in `[top − size + 1, top]` says whether that number was accepted; bits
 * of older numbers are stale, and cleared before the number that takes their place enters the window.
 */
export class ReplayWindow {
  /** Window size in packets. */
  readonly size: number;
  /** The ring: `#mask + 1` bits in `#table` from the word `#at` on. */
  readonly #table: Int32Array;
  readonly #at: number;
  readonly #mask: number;
  /** The newest number as a signed word: above 2³¹ it would be an object of its own. */
  #top = 0;
  #isEmpty = true;

  /**
   * @param size 1 to 2²⁴
   * @throws SatpError `out-of-range`
   */
  constructor(size: number) {
    checkRange("window size", size, 1, MAX_WINDOW_SIZE);
    this.size = size;
    const { table, at } = wordRow(windowBytes(size) / 4);
    this.#table = table;
    this.#at = at;
    this.#mask = windowBytes(size) * 8 - 1;
  }

  /**
   * Judges a number and marks it as seen: `replayed`, `first`, `newer` or `older`.
   * @param bits the 32 bits of the number, signed or unsigned; signed ones are not allocated on the way
   */
  checkAndMark(bits: number): SequenceVerdict {
    const sequence = bits >>> 0;
    const top = this.#top >>> 0;
    if (this.#isEmpty) {
      this.#isEmpty = false;
      this.#top = bits | 0;
      this.#mark(bits);
      return SequenceVerdict.first;
    }
    const shift = top < this.size ? HALF : top > 0xffffffff - this.size ? -HALF : 0;
    const shiftedTop = (top + shift) >>> 0;
    const shifted = (sequence + shift) >>> 0;
    if (shifted > shiftedTop) {
      this.#forget(Math.min((sequence - top) >>> 0, this.#mask + 1));
      this.#top = bits | 0;
      this.#mark(bits);
      return SequenceVerdict.newer;
    }
    if (shifted === shiftedTop || shifted < shiftedTop - this.size + 1) return SequenceVerdict.replayed;
    return this.#mark(bits) ? SequenceVerdict.older : SequenceVerdict.replayed;
  }

  /**
   * As {@link checkAndMark} of `count` numbers from `bits` on, when the first is the next one after the newest and none is
   * behind 2³² − 1; false when that is not so, and then nothing is marked.
   */
  advance(bits: number, count: number): boolean {
    const sequence = bits >>> 0;
    if (this.#isEmpty || sequence !== (this.#top >>> 0) + 1 || sequence + count > 2 ** 32) return false;
    // all of them take the places of older ones: nothing is to be forgotten
    const ring = this.#mask + 1;
    const first = sequence & this.#mask;
    const end = first + Math.min(count, ring);
    this.#set(first, Math.min(end, ring));
    if (end > ring) this.#set(0, end - ring);
    this.#top = (bits + count - 1) | 0;
    return true;
  }

  /**
   * Every number up to this one counts as seen from now on; what is known of newer ones stays. A number that is older
   * than the window changes nothing.
   * @param bits as for {@link checkAndMark}
   */
  raise(bits: number): void {
    const sequence = bits >>> 0;
    const top = this.#top >>> 0;
    const shift = top < this.size ? HALF : top > 0xffffffff - this.size ? -HALF : 0;
    const ahead = ((sequence + shift) >>> 0) - ((top + shift) >>> 0);
    if (this.#isEmpty || ahead > 0) {
      this.#isEmpty = false;
      this.#top = bits | 0;
      this.#table.fill(-1, this.#at, this.#at + ((this.#mask + 1) >>> 5));
    } else {
      for (let number = this.size - 1; number >= -ahead; number--) this.#mark((top - number) >>> 0);
    }
  }

  /** Takes over, before it is used itself, what another window has seen. What that one could not tell counts as seen. */
  inherit(from: ReplayWindow): void {
    if (from.#isEmpty) return;
    this.raise(from.#top);
    const top = from.#top >>> 0;
    for (let number = Math.min(this.size, from.size) - 1; number >= 0; number--) {
      const sequence = (top - number) >>> 0;
      if (!from.#has(sequence)) this.#unmark(sequence);
    }
  }

  /** Sets the number's bit; false when it was set. Signed, as {@link checkAndMark} takes it. */
  #mark(bits: number): boolean {
    const position = bits & this.#mask;
    const at = this.#at + (position >>> 5);
    const word = wordAt(this.#table, at);
    const bit = 1 << (position & 31);
    this.#table[at] = word | bit;
    return (word & bit) === 0;
  }

  #has(sequence: number): boolean {
    const position = sequence & this.#mask;
    return (wordAt(this.#table, this.#at + (position >>> 5)) & (1 << (position & 31))) !== 0;
  }

  #unmark(sequence: number): void {
    const position = sequence & this.#mask;
    const at = this.#at + (position >>> 5);
    this.#table[at] = wordAt(this.#table, at) & ~(1 << (position & 31));
  }

  /** Clears the bits of the `count` numbers after the newest, as many as the ring has at most, whole words at a time. */
  #forget(count: number): void {
    const ring = this.#mask + 1;
    const first = (this.#top + 1) & this.#mask;
    const end = first + count;
    if (end <= ring) {
      this.#clear(first, end);
    } else {
      this.#clear(first, ring);
      this.#clear(0, end - ring);
    }
  }

  /** Sets bits `[first, end)`, which do not go around the ring. */
  #set(first: number, end: number): void {
    for (let position = first; position < end; position = (position | 31) + 1) {
      const last = Math.min(position | 31, end - 1);
      const bits = (-1 << (position & 31)) & (-1 >>> (31 - (last & 31)));
      const at = this.#at + (position >>> 5);
      this.#table[at] = wordAt(this.#table, at) | bits;
    }
  }

  /** Clears bits `[first, end)`, which do not go around the ring. */
  #clear(first: number, end: number): void {
    if (first >= end) return;
    const table = this.#table;
    const firstWord = this.#at + (first >>> 5);
    const lastWord = this.#at + ((end - 1) >>> 5);
    const keepBelow = (1 << (first & 31)) - 1;
    const keepAbove = (end & 31) === 0 ? 0 : -1 << (end & 31);
    if (firstWord === lastWord) {
      table[firstWord] = wordAt(table, firstWord) & (keepBelow | keepAbove);
      return;
    }
    table[firstWord] = wordAt(table, firstWord) & keepBelow;
    if (lastWord > firstWord + 1) table.fill(0, firstWord + 1, lastWord);
    table[lastWord] = wordAt(table, lastWord) & keepAbove;
  }
}
