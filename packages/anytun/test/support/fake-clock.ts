import type { Clock } from "../../src/daemon/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Time stands still until `advance`. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        at: this.#now + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal.removeEventListener("abort", sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      if (signal.aborted) sleeper.wake();
      else signal.addEventListener("abort", sleeper.wake, { once: true });
    });
  }

  /** Moves time in steps of 100 ms and lets everything run that became due. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    while (this.#now < end) {
      this.#now = Math.min(this.#now + 100, end);
      for (const sleeper of [...this.#sleepers]) {
        if (sleeper.at <= this.#now) sleeper.wake();
      }
      await settle();
    }
  }
}

/** Runs all microtasks, and what they start. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
