/** Whether the peer is there: our signs of life and its own, refusals, probes. */

/** Refusals without a word of the peer before it is given up: so many, over so long. */
const REFUSALS = 3;
const REFUSED_MS = 1_000;
/** After a refusal a peer that takes keepalives is asked again so soon. */
const PROBE_MS = 300;
/** Intervals of the peer without a sign of life. */
const SILENT_INTERVALS = 4;

export class Presence {
  /** Infinity without signs of life of our own. */
  readonly #intervalMs: number;
  readonly #takesKeepalives: boolean;
  #sentAt: number;
  #heardAt: number;
  #peerIntervalMs = Infinity;
  #probeAt = Infinity;
  #refusals = 0;
  #firstRefusalAt = 0;

  /** @param intervalSeconds 0 for none */
  constructor(intervalSeconds: number, takesKeepalives: boolean, now: number) {
    this.#intervalMs = takesKeepalives && intervalSeconds > 0 ? 1_000 * intervalSeconds : Infinity;
    this.#takesKeepalives = takesKeepalives;
    this.#sentAt = now;
    this.#heardAt = now;
  }

  get keepaliveAt(): number {
    return Math.min(this.#sentAt + this.#intervalMs, this.#probeAt);
  }

  /** When a peer that was not heard until then must be gone. */
  get silentAt(): number {
    return this.#heardAt + SILENT_INTERVALS * this.#peerIntervalMs;
  }

  sent(now: number): void {
    this.#sentAt = now;
    if (this.#probeAt !== Infinity) this.#probeAt = now + PROBE_MS;
  }

  heard(now: number): void {
    this.#heardAt = now;
    this.#refusals = 0;
    this.#probeAt = Infinity;
  }

  /** The peer told its interval, 0 for none. */
  peerInterval(seconds: number): void {
    this.#peerIntervalMs = seconds > 0 ? 1_000 * seconds : Infinity;
  }

  /** @returns true when the peer should be given up */
  refused(now: number): boolean {
    if (this.#refusals === 0) this.#firstRefusalAt = now;
    this.#refusals += 1;
    if (this.#takesKeepalives && this.#probeAt === Infinity) this.#probeAt = now + PROBE_MS;
    return this.#refusals >= REFUSALS && now - this.#firstRefusalAt >= REFUSED_MS;
  }
}
