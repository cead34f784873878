import type { Poller } from "../contracts.ts";
import { closedError } from "../errors.ts";

/** Something of this folder that can have input: a `MemoryDevice` or a `MemorySocket`. */
export interface Readable {
  readonly isReadable: boolean;
}

/** Time that passes only when told, such as a `MemoryNetwork`. */
export interface FakeClock {
  readonly now: number;
  /** The next time at which something happens, Infinity when nothing is planned. */
  readonly nextEvent: number;
  advance(ms: number): void;
}

/**
 * A poller without a kernel. It never blocks: with a clock, `wait` lets the time pass until a source is readable or
 * the time-out is over; without one it only looks.
 */
export class MemoryPoller implements Poller {
  readonly #sources: readonly Readable[];
  readonly #clock: FakeClock | undefined;
  woken = false;
  crowded = false;
  #waking = false;
  #closed = false;

  constructor(sources: readonly Readable[], clock?: FakeClock) {
    this.#sources = sources;
    this.#clock = clock;
  }

  /** The clock's time; without a clock it stands still. */
  get now(): number {
    return this.#clock?.now ?? 0;
  }

  /** Makes the next `wait` return at once, as the signal of an `FdPoller` does. */
  wake(): void {
    this.#waking = true;
  }

  /** @param timeoutMs -1 waits until nothing more is planned */
  wait(timeoutMs: number): number {
    if (this.#closed) throw closedError("poller");
    this.woken = this.#waking;
    this.#waking = false;
    if (this.woken) return this.#readable();
    const clock = this.#clock;
    if (clock === undefined) return this.#readable();
    const end = timeoutMs < 0 ? Number.POSITIVE_INFINITY : clock.now + timeoutMs;
    let readable = this.#readable();
    while (readable === 0 && clock.nextEvent <= end && clock.nextEvent !== Number.POSITIVE_INFINITY) {
      clock.advance(Math.max(0, clock.nextEvent - clock.now));
      readable = this.#readable();
    }
    if (readable === 0 && end !== Number.POSITIVE_INFINITY) clock.advance(Math.max(0, end - clock.now));
    return readable;
  }

  look(): number {
    return this.wait(0);
  }

  giveWay(): number {
    return this.wait(0);
  }

  close(): void {
    this.#closed = true;
  }

  #readable(): number {
    return this.#sources.reduce((bits, source, i) => (source.isReadable ? bits | (1 << i) : bits), 0);
  }
}
