/**
 * How much may be under way to a peer that tells what it took. The sender puts *marks* between its datagrams; the
 * receiver answers each when everything before it is written to its standard output, with the number of datagrams that
 * came. What was sent before an answered mark is no longer under way, whether it arrived or not: nothing is ever
 * repeated, so a lost datagram must not hold its place. The window grows while answers come quickly and shrinks when
 * they get slow or datagrams are missing; it never exceeds the receiver's room.
 *
 * Amounts are *cost*: bytes, plus what the receiver's kernel needs for each datagram.
 */

/** The kernel's own bytes for a datagram that waits. */
const DATAGRAM_COST = 1_024;
const FIRST_WINDOW = 32 * 1_024;
const LEAST_WINDOW = 16 * 1_024;
/** A peer that did not say how much room it has. */
const ASSUMED_ROOM = 64 * 1_024;
const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 3_000;
/** An answer this much slower than the quickest one comes from a queue that is filling. */
const QUEUE_MS = 25;

/** What a mark says, and what its answer repeats. */
export interface Mark {
  readonly number: number;
  /** Datagrams of data that were sent before it. */
  readonly datagrams: number;
}

export interface MarkAnswer {
  readonly number: number;
  /** Datagrams of data that had been written when the mark was reached. */
  readonly datagrams: number;
  /** Cost that the receiver can hold. */
  readonly room: number;
}

interface SentMark extends Mark {
  readonly sentCost: number;
  readonly at: number;
}

export class FlowWindow {
  #window = FIRST_WINDOW;
  #room = ASSUMED_ROOM;
  #isGrowingFast = true;
  #sentCost = 0;
  #answeredCost = 0;
  #markedCost = 0;
  #datagrams = 0;
  #lost = 0;
  #lastNumber = 0;
  #marks: SentMark[] = [];
  #quickest = Number.POSITIVE_INFINITY;
  #slowedAt = Number.NEGATIVE_INFINITY;
  #retryMs = FIRST_RETRY_MS;

  /** Datagrams that the peer did not get, as far as it told. */
  get lost(): number {
    return this.#lost;
  }

  get datagrams(): number {
    return this.#datagrams;
  }

  /** A single datagram may go over the edge: it has to leave some time. */
  get isOpen(): boolean {
    return this.#sentCost - this.#answeredCost < Math.min(this.#window, this.#room);
  }

  sent(bytes: number): void {
    this.#sentCost += bytes + DATAGRAM_COST;
    this.#datagrams += 1;
  }

  /** Whether a mark should follow what was sent. */
  get isMarkDue(): boolean {
    const unmarked = this.#sentCost - this.#markedCost;
    if (unmarked >= Math.min(this.#window, this.#room) / 4) return true;
    return unmarked > 0 && !this.isOpen && this.#marks.length === 0;
  }

  /** When a mark should be sent again, because the last one or its answer seems lost. */
  get retryAt(): number | undefined {
    const last = this.#marks.at(-1);
    return last === undefined ? undefined : last.at + this.#retryMs;
  }

  /** @param isRetry the peer was waited for in vain */
  mark(now: number, isRetry: boolean): Mark {
    if (isRetry) this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    this.#lastNumber = (this.#lastNumber + 1) % 2 ** 32;
    const mark = { number: this.#lastNumber, datagrams: this.#datagrams, sentCost: this.#sentCost, at: now };
    this.#marks.push(mark);
    this.#markedCost = this.#sentCost;
    return mark;
  }

  answered({ number, datagrams, room }: MarkAnswer, now: number): void {
    const at = this.#marks.findIndex((mark) => mark.number === number);
    const mark = this.#marks[at];
    if (mark === undefined) return;
    this.#marks = this.#marks.slice(at + 1);
    const answered = mark.sentCost - this.#answeredCost;
    this.#answeredCost = mark.sentCost;
    this.#room = Math.max(room, LEAST_WINDOW);
    const took = now - mark.at;
    this.#quickest = Math.min(this.#quickest, took);
    this.#retryMs = Math.max(FIRST_RETRY_MS, 3 * took);
    // counted modulo 2^32; below zero where datagrams were duplicated
    const lost = Math.max(0, (mark.datagrams - datagrams) | 0);
    if (lost > this.#lost) this.#slow(now, 1 / 2);
    else if (took > 2 * this.#quickest + QUEUE_MS) this.#slow(now, 7 / 8);
    else if (this.#isGrowingFast) this.#window += answered;
    else this.#window += (LEAST_WINDOW * answered) / (8 * this.#window);
    this.#lost = lost;
    this.#window = Math.min(Math.max(this.#window, LEAST_WINDOW), this.#room);
  }

  /** Once for what one round trip brings. */
  #slow(now: number, factor: number): void {
    this.#isGrowingFast = false;
    if (now - this.#slowedAt < this.#quickest) return;
    this.#slowedAt = now;
    this.#window *= factor;
  }
}
