/**
 * When, on the clock of this host, something happened that a server has dated on its own. Nobody's clock is set by anybody's:
 * what is known is how much later than they were written the server's readings arrive. The smallest of these differences is
 * the one of a reading that came straight, so what lay in a queue, or in a connection that was cut for minutes, is dated as if it
 * had come straight too. The result is late by the shortest time of the way, and never early.
 */

/** Readings that come closer together than this count as one: they waited together. */
const SPACING_MS = 500;
/** The smallest difference of this many readings and as many before them counts, so clocks may drift and stop. */
const GROUP = 8;
/** Two readings apart from one another that differ by less have both come straight. */
const STEADY_MS = 250;
/** After so long without a reading clocks have drifted too far apart. */
const FORGET_MS = 3_600_000;

export class RemoteClock {
  /** Whether a reading has confirmed another one. Until then both may have waited. */
  isSteady = false;
  #present = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** The server's clock said so when it wrote what arrives at `nowMs` of this host's. */
  read(theirMs: number, nowMs: number): void {
    const difference = nowMs - theirMs;
    const sinceMs = nowMs - this.#lastMs;
    if (sinceMs >= FORGET_MS) this.#forget();
    else if (sinceMs >= SPACING_MS && Math.abs(difference - this.#smallest) < STEADY_MS) this.isSteady = true;
    if (sinceMs >= SPACING_MS) {
      this.#lastMs = nowMs;
      if (this.#count === GROUP) {
        this.#before = this.#present;
        this.#present = Number.POSITIVE_INFINITY;
        this.#count = 0;
      }
      this.#count++;
    }
    this.#present = Math.min(this.#present, difference);
  }

  /** A time of the server's clock on this host's; -Infinity before the first reading. */
  toLocal(theirMs: number): number {
    const difference = this.#smallest;
    return difference === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : theirMs + difference;
  }

  get #smallest(): number {
    return Math.min(this.#present, this.#before);
  }

  #forget(): void {
    this.isSteady = false;
    this.#present = Number.POSITIVE_INFINITY;
    this.#before = Number.POSITIVE_INFINITY;
    this.#count = 0;
  }
}
