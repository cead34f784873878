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

const NONE: readonly SequenceRange[] = [];
/** Ranges that may wait behind the one in use. */
const MAX_WAITING = 2;

/**
 * The outbound numbers of one peer. A number with its sender id is a nonce: used twice under the same
 * keys, it gives the key stream away (spec: satp-wire.md 15). So nothing here repeats or moves
 * backwards, there is no wrap, and without a reserved range there is no number.
 */
export class SequenceCounter {
  /** Sender id of the number taken last. */
  senderId = 0;
  // all fields are small integers, which V8 keeps in the object itself: numbers above 2³¹ would be objects of their own
  #taken = 0;
  #next = 0;
  /** Numbers left in the range in use, and in those that wait. */
  #left = 0;
  #later = 0;
  /** Below this many numbers {@link takeLowSignal} answers once; 1 at first, so that an empty counter asks too. */
  #lowMark = 1;
  #waiting: readonly SequenceRange[] = NONE;
  /** End of the last range of the sender id extended last, and of those before: there are at most 65,536. */
  #lastSenderId = 0;
  #lastEnd = 0;
  #earlierEnds: Map<number, number> | undefined;

  constructor(range?: SequenceRange) {
    if (range !== undefined) this.extend(range);
  }

  /** The number taken last. */
  get number(): number {
    return this.#taken >>> 0;
  }

  /** The 32 bits of it, signed: above 2³¹ `number` can be an object of its own. */
  get bits(): number {
    return this.#taken;
  }

  /** What is left of the range that the next number comes from; undefined when nothing is reserved. */
  get reserved(): SequenceRange | undefined {
    if (this.#left === 0) return this.#waiting[0];
    const first = this.#next >>> 0;
    return { senderId: this.senderId, first, end: first + this.#left };
  }

  /** Numbers left in all ranges. */
  get remaining(): number {
    return this.#left + this.#later;
  }

  /**
   * Adds a range behind those that are there.
   * @throws SatpError `out-of-range` for numbers that do not fit the wire; `sequence-range` when the
   * range begins below the end of an earlier one of the same sender id, or two are waiting already
   */
  extend(range: SequenceRange): void {
    const { senderId, first, end } = range;
    checkRange("sender id", senderId, 0, MAX_SENDER_ID);
    checkRange("first sequence number", first, 0, 0xffffffff);
    checkRange("end of sequence numbers", end, first + 1, 0x100000000);
    if (first < this.#endOf(senderId)) {
      throw new SatpError("sequence-range", `sequence numbers from ${first} on were reserved before`);
    }
    // the next range is opened by `take` only, so that `senderId` stays that of the number taken last
    const waiting = this.#waiting.length - (this.#left === 0 ? 1 : 0);
    if (waiting >= MAX_WAITING) {
      throw new SatpError("sequence-range", `${MAX_WAITING} ranges of sequence numbers are waiting already`);
    }
    this.#setEnd(senderId, end);
    this.#waiting = [...this.#waiting, { senderId, first, end }];
    this.#later += end - first;
    this.#lowMark = Math.ceil((end - first) / 2);
  }

  /** Gives up all numbers that are left; `extend` goes on behind them. */
  skip(): void {
    this.#left = 0;
    this.#later = 0;
    this.#waiting = NONE;
    this.#lowMark = 1;
  }

  /** Puts the next number into `number` and `senderId`; false when nothing is reserved. */
  take(): boolean {
    return this.takeRun(1) > 0;
  }

  /**
   * Takes numbers that follow one another under one sender id: as many as are left of a range, but none after the one at which
   * {@link takeLowSignal} answers. The last of them is in `number`.
   * @param most 1 or more
   * @returns how many, `most` at most; 0 when nothing is reserved
   */
  takeRun(most: number): number {
    if (this.#left === 0 && !this.#advance()) return 0;
    const count = most === 1 ? 1 : Math.min(most, this.#left, Math.max(1, this.remaining - this.#lowMark + 1));
    this.#taken = (this.#next + count - 1) | 0;
    this.#next = (this.#next + count) | 0;
    this.#left -= count;
    return count;
  }

  /** True once after each `extend` when less than half of that range's size is left: time to reserve more. */
  takeLowSignal(): boolean {
    if (this.remaining >= this.#lowMark) return false;
    this.#lowMark = 0;
    return true;
  }

  #advance(): boolean {
    const range = this.#waiting[0];
    if (range === undefined) return false;
    this.#waiting = this.#waiting.length === 1 ? NONE : this.#waiting.slice(1);
    this.senderId = range.senderId;
    this.#next = range.first | 0;
    this.#left = range.end - range.first;
    this.#later -= this.#left;
    return true;
  }

  #endOf(senderId: number): number {
    return senderId === this.#lastSenderId ? this.#lastEnd : (this.#earlierEnds?.get(senderId) ?? 0);
  }

  #setEnd(senderId: number, end: number): void {
    if (senderId !== this.#lastSenderId) {
      this.#earlierEnds ??= new Map();
      this.#earlierEnds.set(this.#lastSenderId, this.#lastEnd);
      this.#lastSenderId = senderId;
    }
    this.#lastEnd = end;
  }
}
