/**
 * The handshake with an original, and with somebody of whom nothing was heard yet: when to send garbage, and when the one
 * acknowledgement. A connected original prints every garbage and acknowledgement that reaches it, so a second one is
 * only sent when the first cannot have been delivered: it came back, or the peer was started after it.
 */
import type { Endpoint } from "../hole-types.ts";
import type { Way } from "./agreement.ts";
import { sameEndpoint } from "./types.ts";

/** What travels closer together than this may overtake: garbage behind the acknowledgement would be printed. */
const GUARD_MS = 500;
const GUARD_WITHOUT_WINDOW_MS = 200;
const GARBAGE_MS = 500;
/** After an acknowledgement into the void, longer than originals wait: one that got it would print what comes now. */
const SILENT_MS = 12_000;
const SLOW_GARBAGE_MS = 5_000;
/** Somebody who sent an acknowledgement or data, and is a new end, answers garbage within this time. */
const UNSURE_MS = 1_000;
/** After a refused acknowledgement, and after any refusal, before the next one into the void. */
const AFTER_REFUSED_ACK_MS = 2_000;
const AFTER_REFUSAL_MS = 1_500;
/** An original sends garbage each second. One that has stopped for so long has sent its acknowledgement. */
const RHYTHM_MS = 1_000;
const ENDED_MS = 5_000;
const GARBAGE_FOR_RHYTHM = 2;
/** Chance below which packets were not lost, but never sent. */
const UNBELIEVABLE = 0.001;
/** The same where the peer's window is certainly longer than ours, and two originals with such windows would never connect. */
const UNLIKELY = 0.02;
/** What is known of a network beforehand, as if so many packets had been sent. */
const PRIOR_LOST = 1;
const PRIOR_SENT = 5;

export type AckReason = "window" | "heard" | "refused" | "late";

export class Classic {
  readonly #startedAt: number;
  readonly #windowMs: number;
  readonly #expected: Endpoint;
  #garbageHeard = 0;
  #firstGarbageAt = 0;
  #lastGarbageAt = 0;
  #ackHeardAt: number | undefined;
  #dataHeardAt: number | undefined;
  #ackSentAt: number | undefined;
  #isAckBlind = false;
  #ackRefusedAt: number | undefined;
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** Where the original was heard. */
  way: Way | undefined;
  /** Acknowledgement from which the time-out counts: those that are repeated into the void do not prolong it. */
  lastAckAt: number;

  /** @param expected where an original is looked for */
  constructor(startedAt: number, windowMs: number, expected: Endpoint) {
    this.#expected = expected;
    this.#startedAt = startedAt;
    this.#windowMs = windowMs;
    this.lastAckAt = startedAt + windowMs;
  }

  /** Only an original sends bare garbage. */
  get isOriginal(): boolean {
    return this.#garbageHeard > 0;
  }

  get hasHeardAck(): boolean {
    return this.#ackHeardAt !== undefined;
  }

  get hasHeard(): boolean {
    return this.isOriginal || this.hasHeardAck || this.#dataHeardAt !== undefined;
  }

  hearGarbage(way: Way, now: number): void {
    this.#hear(way);
    if (this.#garbageHeard === 0) this.#firstGarbageAt = now;
    this.#garbageHeard += 1;
    this.#lastGarbageAt = now;
  }

  hearAck(way: Way, now: number): void {
    this.#hear(way);
    this.#ackHeardAt ??= now;
  }

  hearData(way: Way, now: number): void {
    this.#hear(way);
    this.#dataHeardAt ??= now;
  }

  /** A packet of ours came back; `isAck` when it was the acknowledgement. */
  bounce(isAck: boolean, now: number): void {
    this.#refusedAt = now;
    if (!isAck || this.#ackSentAt === undefined) return;
    this.#ackSentAt = undefined;
    this.#ackRefusedAt = now;
  }

  sendAck(now: number): void {
    this.#isAckBlind = !this.hasHeard;
    this.#ackSentAt = now;
    if (this.hasHeard) this.lastAckAt = Math.max(now, this.lastAckAt);
  }

  /** Whether both acknowledgements are known, or what stands for the peer's: its data, or the end of its garbage. */
  isConnected(now: number): boolean {
    if (this.#ackHeardAt !== undefined && this.#ackSentAt !== undefined) return !this.#owesAck(now);
    if (this.#dataHeardAt !== undefined) return this.#ackSentAt !== undefined || now >= this.#dataHeardAt + UNSURE_MS;
    return now >= this.#endedAt() && !this.#owesAck(now);
  }

  /** When {@link isConnected} may change without anything being heard. */
  connectedAt(): number {
    const byData = this.#dataHeardAt === undefined ? Number.POSITIVE_INFINITY : this.#dataHeardAt + UNSURE_MS;
    return Math.min(byData, this.#endedAt());
  }

  /** When the next garbage is due; Infinity for never. */
  garbageAt(lastGarbageAt: number): number {
    const next = lastGarbageAt + GARBAGE_MS;
    if (this.isOriginal) return Number.POSITIVE_INFINITY;
    if (this.#ackSentAt !== undefined) return Math.max(this.#ackSentAt + SILENT_MS, lastGarbageAt + SLOW_GARBAGE_MS);
    if (this.#ackHeardAt !== undefined) {
      return next <= this.#ackHeardAt + UNSURE_MS - GUARD_MS ? next : Number.POSITIVE_INFINITY;
    }
    if (this.#ackRefusedAt !== undefined) return next;
    // The acknowledgement comes when the window is over, and nothing closely before it.
    return next <= this.#startedAt + this.#windowMs - GUARD_MS ? next : Number.POSITIVE_INFINITY;
  }

  /** When an acknowledgement is due, and why; at Infinity for never. */
  ack(lastGarbageAt: number, now: number): { at: number; because: AckReason } {
    const guarded = lastGarbageAt + (this.#windowMs === 0 ? GUARD_WITHOUT_WINDOW_MS : GUARD_MS);
    const after = (at: number): number => Math.max(at, guarded);
    if (this.#ackSentAt !== undefined) {
      return { at: this.#owesAck(now) ? after(this.#firstGarbageAt) : Number.POSITIVE_INFINITY, because: "late" };
    }
    if (this.isOriginal) return { at: after(this.#firstGarbageAt), because: "heard" };
    if (this.#ackHeardAt !== undefined) return { at: after(this.#ackHeardAt + UNSURE_MS), because: "heard" };
    if (this.#dataHeardAt !== undefined) return { at: Number.POSITIVE_INFINITY, because: "heard" };
    if (this.#ackRefusedAt !== undefined) {
      const at = Math.max(this.#ackRefusedAt + AFTER_REFUSED_ACK_MS, this.#refusedAt + AFTER_REFUSAL_MS);
      return { at: after(at), because: "refused" };
    }
    return { at: Math.max(this.#startedAt + this.#windowMs, guarded), because: "window" };
  }

  // The endpoint that was asked for is better than any other.
  #hear(way: Way): void {
    if (this.way === undefined || sameEndpoint(way.to, this.#expected)) this.way = way;
  }

  // Whether the original started after our acknowledgement into the void, and needs another one. What it sent before may be
  // lost, so that is decided as late as possible, when its last words tell how long it was there. It reads nothing before.
  #owesAck(now: number): boolean {
    const sentAt = this.#ackSentAt;
    if (!this.#isAckBlind || sentAt === undefined || !this.isOriginal || this.#firstGarbageAt <= sentAt) return false;
    const isEnded = now >= this.#endedAt();
    if (this.#ackHeardAt === undefined && !isEnded) return false;
    const endedAt = this.#ackHeardAt ?? this.#lastGarbageAt + RHYTHM_MS;
    const beganAt = endedAt - this.#windowMs;
    if (beganAt > sentAt + RHYTHM_MS / 10 && beganAt < this.#firstGarbageAt + RHYTHM_MS / 2) return true;
    // It began before, perhaps with a window like ours; or later, with another one. For the former all of its garbage until the
    // first that we heard must have been lost, in a network that loses as much as it did afterwards.
    const isKnown = this.#ackHeardAt !== undefined && beganAt <= sentAt;
    const missed = Math.ceil((this.#firstGarbageAt - (isKnown ? beganAt : sentAt)) / RHYTHM_MS - 0.5);
    const sent = Math.round((endedAt - this.#firstGarbageAt) / RHYTHM_MS);
    const hasLongerWindow = this.#ackHeardAt !== undefined && beganAt >= this.#firstGarbageAt + RHYTHM_MS / 2;
    const limit = hasLongerWindow ? UNLIKELY : UNBELIEVABLE;
    return chanceOfLoss(missed, Math.max(0, sent - this.#garbageHeard), sent) < limit;
  }

  // What it sent at last was lost; what it sends while it waits is nothing.
  #endedAt(): number {
    const hasRhythm = this.#garbageHeard >= GARBAGE_FOR_RHYTHM && this.#ackSentAt !== undefined;
    return hasRhythm ? this.#lastGarbageAt + ENDED_MS : Number.POSITIVE_INFINITY;
  }
}

/** Chance that so many packets in a row are lost where `lost` of `sent` others were. */
function chanceOfLoss(inARow: number, lost: number, sent: number): number {
  let chance = 1;
  for (let i = 0; i < inARow; i++) chance *= (lost + PRIOR_LOST + i) / (sent + PRIOR_SENT + i);
  return chance;
}
