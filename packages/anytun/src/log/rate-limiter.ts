/**
 * Keeps one cause from flooding the log. The data plane counts bad packets; what it reports goes
 * through here, so that an attacker decides neither the length of the log nor its writer's load.
 */
import type { LogLevel } from "./level.ts";
import type { Logger } from "./logger.ts";

export interface RateLimits {
  /** Lines that one cause may write in an interval. */
  readonly lines: number;
  readonly intervalMs: number;
}

const DEFAULT_LIMITS: RateLimits = { lines: 5, intervalMs: 10_000 };

interface Cause {
  intervalStart: number;
  written: number;
  held: number;
  level: LogLevel;
  text: string;
}

/**
 * The first `lines` of each cause and interval are written, the rest is counted; when the interval is over, the
 * last held text is written once with `(N more)`. Causes are words of the program, never of a peer: there are few.
 */
export class RateLimiter {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #limits: RateLimits;
  readonly #causes = new Map<string, Cause>();

  /** @param now monotonic milliseconds */
  constructor(log: Logger, now: () => number, limits: RateLimits = DEFAULT_LIMITS) {
    this.#log = log;
    this.#now = now;
    this.#limits = limits;
  }

  /** @param count how many events this text stands for; those beyond the first are held */
  note(cause: string, level: LogLevel, text: string, count = 1): void {
    if (count < 1) return;
    const state = this.#current(cause, level, text);
    let held = count;
    if (state.written < this.#limits.lines) {
      state.written++;
      held--;
      this.#log.log(level, text);
    }
    if (held > 0) {
      state.held += held;
      state.level = level;
      state.text = text;
    }
  }

  /** Writes the summaries of intervals that are over. Call it now and then; without it they wait for the next event. */
  flush(): void {
    const now = this.#now();
    for (const [cause, state] of this.#causes) {
      if (now - state.intervalStart < this.#limits.intervalMs) continue;
      this.#summarise(state);
      this.#causes.delete(cause);
    }
  }

  /** Writes every summary; the end of the daemon. */
  finish(): void {
    for (const state of this.#causes.values()) this.#summarise(state);
    this.#causes.clear();
  }

  #current(cause: string, level: LogLevel, text: string): Cause {
    const now = this.#now();
    const state = this.#causes.get(cause);
    if (state !== undefined && now - state.intervalStart < this.#limits.intervalMs) return state;
    if (state !== undefined) this.#summarise(state);
    const fresh: Cause = { intervalStart: now, written: 0, held: 0, level, text };
    this.#causes.set(cause, fresh);
    return fresh;
  }

  #summarise(state: Cause): void {
    if (state.held > 0) this.#log.log(state.level, `${state.text} (${state.held} more)`);
    state.held = 0;
  }
}
