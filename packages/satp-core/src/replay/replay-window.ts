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
      this.#mark(sequence);
      return SequenceVerdict.first;
    }
    const shift = top < this.size ? HALF : top > 0xffffffff - this.size ? -HALF : 0;
    const shiftedTop = (top + shift) >>> 0;
    const shifted = (sequence + shift) >>> 0;
    if (shifted > shiftedTop) {
      this.#forget(top, (sequence - top) >>> 0);
      this.#top = bits | 0;
      this.#mark(sequence);
      return SequenceVerdict.newer;
    }
    if (shifted === shiftedTop || shifted < shiftedTop - this.size + 1) return SequenceVerdict.replayed;
    return this.#mark(sequence) ? SequenceVerdict.older : SequenceVerdict.replayed;
  }

  /** Sets the number's bit; false when it was set. */
  #mark(sequence: number): boolean {
    const position = sequence & this.#mask;
    const at = this.#at + (position >>> 5);
    const word = wordAt(this.#table, at);
    const bit = 1 << (position & 31);
    this.#table[at] = word | bit;
    return (word & bit) === 0;
  }

  /** Clears the bits of the `count` numbers after `top`, whole words at a time. */
  #forget(top: number, count: number): void {
    const ring = this.#mask + 1;
    const first = (top + 1) & this.#mask;
    const end = first + Math.min(count, ring);
    if (end <= ring) {
      this.#clear(first, end);
    } else {
      this.#clear(first, ring);
      this.#clear(0, end - ring);
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
