const DEFAULT_LIMITS = { lines: 5, intervalMs: 10_000 };
/**
 * The first `lines` of each cause and interval are written, the rest is counted; when the interval is over, the
 * last held text is written once with `(N more)`. Causes are words of the program, never of a peer: there are few.
 */
export class RateLimiter {
  #log;
  #now;
  #limits;
  #causes = new Map();
  /** @param now monotonic milliseconds */
  constructor(log, now, limits = DEFAULT_LIMITS) {
    this.#log = log;
    this.#now = now;
    this.#limits = limits;
  }
  /** @param count how many events this text stands for; those beyond the first are held */
  note(cause, level, text, count = 1) {
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
  flush() {
    const now = this.#now();
    for (const [cause, state] of this.#causes) {
      if (now - state.intervalStart < this.#limits.intervalMs) continue;
      this.#summarise(state);
      this.#causes.delete(cause);
    }
  }
  /** Writes every summary; the end of the daemon. */
  finish() {
    for (const state of this.#causes.values()) this.#summarise(state);
    this.#causes.clear();
  }
  #current(cause, level, text) {
    const now = this.#now();
    const state = this.#causes.get(cause);
    if (state !== undefined && now - state.intervalStart < this.#limits.intervalMs) return state;
    if (state !== undefined) this.#summarise(state);
    const fresh = { intervalStart: now, written: 0, held: 0, level, text };
    this.#causes.set(cause, fresh);
    return fresh;
  }
  #summarise(state) {
    if (state.held > 0) this.#log.log(state.level, `${state.text} (${state.held} more)`);
    state.held = 0;
  }
}
//# sourceMappingURL=rate-limiter.js.map
