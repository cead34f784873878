/** From standard input to the peer: datagrams in order, as many as the peer, the rate and the kernel take. */
import type { SendOutcome } from "../hole-types.ts";
import { FlowWindow, type Mark } from "./flow-window.ts";

/** The original's own reads, and the longest datagram that it takes. */
const LONGEST_DATAGRAM = 8_192;
/** More than this waiting, and reading pauses. */
const QUEUE_BYTES = 64 * 1_024;
/** The kernel's queue is full, or the network is away: soon again. */
const FULL_MS = 2;
const AWAY_MS = 200;
/** What may leave at once when nothing left for a while. */
const BURST_MS = 10;
const LEAST_BURST = 16 * 1_024;

export interface OutboundOptions {
  /** The peer answers marks and writes a stream: datagrams have no meaning of their own. */
  readonly isStream: boolean;
  /** Bytes of data in a datagram that no path cuts. */
  readonly wholeBytes: number;
  /** Without end if undefined. */
  readonly bytesPerSecond: number | undefined;
}

/** What it needs of the socket. */
export interface OutboundSink {
  send(datagram: Uint8Array): SendOutcome;
  sendMark(mark: Mark): void;
  /** The peer or the way to it is not there; the datagram is kept. */
  onAway(outcome: "refused" | "unreachable", now: number): void;
}

export class Outbound {
  readonly window: FlowWindow | undefined;
  readonly #options: OutboundOptions;
  readonly #sink: OutboundSink;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Bytes that may leave now; below zero after a datagram that was longer. */
  #allowance = 0;
  #allowedAt = 0;
  #retryAt: number | undefined;
  #datagrams = 0;
  #bytes = 0;

  constructor(options: OutboundOptions, sink: OutboundSink) {
    this.#options = options;
    this.#sink = sink;
    this.window = options.isStream ? new FlowWindow() : undefined;
    this.#allowance = this.#burst;
  }

  /** Datagrams and bytes that were sent. */
  get datagrams(): number {
    return this.#datagrams;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  get isFull(): boolean {
    return this.#queuedBytes >= QUEUE_BYTES;
  }

  /** When to call `pump` although nothing new came. */
  get deadline(): number | undefined {
    const retry = this.window?.retryAt;
    if (this.#retryAt === undefined || retry === undefined) return this.#retryAt ?? retry;
    return Math.min(this.#retryAt, retry);
  }

  /**
   * One read of standard input. A short one stays one datagram, because a command at the peer reads it so; what comes in
   * longer pieces is cut where no path cuts.
   */
  push(chunk: Uint8Array): void {
    const { isStream, wholeBytes } = this.#options;
    const step = isStream || chunk.length > LONGEST_DATAGRAM ? wholeBytes : LONGEST_DATAGRAM;
    for (let at = 0; at < chunk.length; at += step) this.#queue.push(chunk.subarray(at, at + step));
    this.#queuedBytes += chunk.length;
  }

  pump(now: number): void {
    const window = this.window;
    if (window !== undefined && window.retryAt !== undefined && now >= window.retryAt) {
      this.#sink.sendMark(window.mark(now, true));
    }
    if (this.#retryAt !== undefined && now < this.#retryAt) return;
    this.#retryAt = undefined;
    this.#refill(now);
    let taken = 0;
    for (const datagram of this.#queue) {
      if (window !== undefined && !window.isOpen) break;
      if (this.#allowance <= 0) {
        this.#retryAt = now + this.#refillMs();
        break;
      }
      if (!this.#send(datagram, now)) break;
      taken += 1;
      if (window?.isMarkDue) this.#sink.sendMark(window.mark(now, false));
    }
    this.#queue = this.#queue.slice(taken);
  }

  #send(datagram: Uint8Array, now: number): boolean {
    let outcome = this.#sink.send(datagram);
    // The error of an earlier datagram comes instead of sending this one; it does not come twice.
    if (outcome === "refused" || outcome === "unreachable") outcome = this.#sink.send(datagram);
    if (outcome === "full") {
      this.#retryAt = now + FULL_MS;
      return false;
    }
    if (outcome === "refused" || outcome === "unreachable") {
      this.#retryAt = now + AWAY_MS;
      this.#sink.onAway(outcome, now);
      return false;
    }
    this.#queuedBytes -= datagram.length;
    this.#allowance -= datagram.length;
    this.#datagrams += 1;
    this.#bytes += datagram.length;
    this.window?.sent(datagram.length);
    return true;
  }

  get #burst(): number {
    const { bytesPerSecond } = this.#options;
    if (bytesPerSecond === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(LEAST_BURST, (bytesPerSecond * BURST_MS) / 1_000);
  }

  #refill(now: number): void {
    const { bytesPerSecond } = this.#options;
    if (bytesPerSecond === undefined) return;
    const earned = ((now - this.#allowedAt) * bytesPerSecond) / 1_000;
    this.#allowance = Math.min(this.#burst, this.#allowance + earned);
    this.#allowedAt = now;
  }

  #refillMs(): number {
    const { bytesPerSecond = 1 } = this.#options;
    return Math.max(1, (1_000 * (1 - this.#allowance)) / bytesPerSecond);
  }
}
