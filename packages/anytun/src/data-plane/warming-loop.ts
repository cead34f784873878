import type { PlaneLoop } from "./plane-loop.ts";
import { FOR_EVER } from "./reporter.ts";
import type { WarmUp } from "./warm-up.ts";

/** So long without packets makes a pause: a step takes longer than a stream can spare, and whoever sends would slow down. */
const PAUSE_MS = 1;

/** Packets come first: what is left of the warm-up fills the pauses of the first moments. */
export class WarmingLoop {
  readonly #loop: Pick<PlaneLoop, "run">;
  readonly #warmUp: Pick<WarmUp, "step" | "isComplete">;
  #isPause = true;

  constructor(loop: Pick<PlaneLoop, "run">, warmUp: Pick<WarmUp, "step" | "isComplete">) {
    this.#loop = loop;
    this.#warmUp = warmUp;
  }

  /** In a pause a step; then packets, until there is a pause, or until the signal rings when nothing is left to do. */
  run(): void {
    const hasMore = this.#isPause ? this.#warmUp.step() : !this.#warmUp.isComplete;
    const mostMs = this.#isPause ? 0 : PAUSE_MS;
    this.#isPause = !this.#loop.run(hasMore ? mostMs : FOR_EVER);
  }
}
