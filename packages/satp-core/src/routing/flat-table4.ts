/** The answer for each /24 of IPv4: one access, however many prefixes there are. */
import { NO_VALUE } from "./prefix-table4.ts";

/** Longest prefix that a slot can answer; longer ones only mark it. */
export const FLAT_LENGTH = 24;

const LENGTH_SHIFT = 17;
const VALUE_MASK = (1 << LENGTH_SHIFT) - 1;
const ANSWER_MASK = 0x7fffffff;
const MARK = -0x80000000;

/** Value of a slot, or -1 when no prefix of up to 24 bits contains it. */
export function flatValue(slot: number): number {
  return (slot & VALUE_MASK) - 1;
}

/**
 * 64 MiB beside the tables that hold the prefixes. Invariant: a slot holds length and value + 1 of the longest prefix
 * of up to 24 bits that contains it, or 0 without one, and is negative when there are longer prefixes in it.
 */
export class FlatTable4 {
  /** By the first 24 bits of the address. */
  readonly slots: Int32Array = new Int32Array(1 << FLAT_LENGTH);

  /**
   * After a change of the prefix of these `bits` (0 to 24): `value` and `length` are those of the longest prefix that
   * contains it now, itself included; value -1 for none. Prefixes inside it stay as they are.
   */
  write(word: number, bits: number, value: number, length: number): void {
    const { slots } = this;
    const answer = value === NO_VALUE ? 0 : (length << LENGTH_SHIFT) | (value + 1);
    const first = word >>> (32 - FLAT_LENGTH);
    const end = first + 2 ** (FLAT_LENGTH - bits);
    for (let slot = first; slot < end; slot++) {
      const present = slots[slot] ?? 0;
      if ((present & ANSWER_MASK) >>> LENGTH_SHIFT <= bits) slots[slot] = (present & MARK) | answer;
    }
  }

  /** Notes whether the /24 of an address has longer prefixes in it. */
  mark(word: number, longer: boolean): void {
    const slot = word >>> (32 - FLAT_LENGTH);
    const answer = (this.slots[slot] ?? 0) & ANSWER_MASK;
    this.slots[slot] = longer ? answer | MARK : answer;
  }
}
