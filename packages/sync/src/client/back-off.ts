/** How long to wait before the next try: doubles, with jitter, up to the originals' ten seconds. */

export const FIRST_DELAY_MS = 500;
/** What the originals always wait. */
export const LONGEST_DELAY_MS = 10_000;

export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random 0 ≤ x < 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds: half of the present step to all of it, so that many clients of one server do not come back together. */
  next(): number {
    const step = Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
    this.#failures = Math.min(this.#failures + 1, 16);
    return Math.round(step * (0.5 + this.#random() / 2));
  }

  /** What worked counts for more than what failed before. */
  reset(): void {
    this.#failures = 0;
  }
}
