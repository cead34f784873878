/** Own sequence numbers, handed out only from ranges that somebody else has reserved for good. */
import { checkRange, SatpError } from "../errors.ts";
import { MAX_SENDER_ID } from "../wire/layout.ts";

/** Numbers `[first, end)` that nobody has used, and will use, with this sender id and these keys. */
export interface SequenceRange {
  readonly senderId: number;
  readonly first: number;
  /** Exclusive, at most 2³². */
  readonly end: number;
}

/** Ranges that may wait behind the one in use. */
const MAX_WAITING = 2;

/**
 * The outbound numbers of one peer. A number with its sender id is a nonce: used twice under the same
 * keys, it gives the key stream away (spec: satp-wire.md 15). So nothing here repeats or moves
 * backwards, there is no wrap, and without a reserved range there is no number.
 */
export class SequenceCounter {
  /** The number taken last: a field, because a returned number above 2³¹ would be allocated. */
  number = 0;
  /** Sender id that belongs to it. */
  senderId = 0;
  /** Numbers left in all ranges. */
  remaining = 0;
  #next = 0;
  #end = 0;
  /** Below this many numbers {@link takeLowSignal} answers once; 1 at first, so that an empty counter asks too. */
  #lowMark = 1;
  readonly #waiting: SequenceRange[] = [];
  /** Per sender id, the end of the last range: bounded by the 65,536 sender ids there are. */
  readonly #ends = new Map<number, number>();

  constructor(range?: SequenceRange) {
    if (range !== undefined) this.extend(range);
  }

  /**
   * Adds a range behind those that are there.
   * @throws SatpError `out-of-range` for numbers that do not fit the wire; `sequence-range` when the
   * range begins below the end of an earlier one of the same sender id, or two are waiting already
   */
  extend(range: SequenceRange): void {
    checkRange("sender id", range.senderId, 0, MAX_SENDER_ID);
    checkRange("first sequence number", range.first, 0, 0xffffffff);
    checkRange("end of sequence numbers", range.end, range.first + 1, 0x100000000);
    if (range.first < (this.#ends.get(range.senderId) ?? 0)) {
      throw new SatpError("sequence-range", `sequence numbers from ${range.first} on were reserved before`);
    }
    // the next range is opened by `take` only, so that `senderId` stays that of the number taken last
    const waiting = this.#waiting.length - (this.#next === this.#end ? 1 : 0);
    if (waiting >= MAX_WAITING) {
      throw new SatpError("sequence-range", `${MAX_WAITING} ranges of sequence numbers are waiting already`);
    }
    this.#ends.set(range.senderId, range.end);
    this.#waiting.push({ senderId: range.senderId, first: range.first, end: range.end });
    const size = range.end - range.first;
    this.remaining += size;
    this.#lowMark = Math.ceil(size / 2);
  }

  /** Puts the next number into `number` and `senderId`; false when nothing is reserved. */
  take(): boolean {
    if (this.#next === this.#end && !this.#advance()) return false;
    this.number = this.#next;
    this.#next++;
    this.remaining--;
    return true;
  }

  /** True once after each `extend` when less than half of that range's size is left: time to reserve more. */
  takeLowSignal(): boolean {
    if (this.remaining >= this.#lowMark) return false;
    this.#lowMark = 0;
    return true;
  }

  #advance(): boolean {
    const range = this.#waiting.shift();
    if (range === undefined) return false;
    this.senderId = range.senderId;
    this.#next = range.first;
    this.#end = range.end;
    return true;
  }
}
