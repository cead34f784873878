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
/**
 * The first `lines` of each cause and interval are written, the rest is counted; when the interval is over, the
 * last held text is written once with `(N more)`. Causes are words of the program, never of a peer: there are few.
 */
export declare class RateLimiter {
  #private;
  /** @param now monotonic milliseconds */
  constructor(log: Logger, now: () => number, limits?: RateLimits);
  /** @param count how many events this text stands for; those beyond the first are held */
  note(cause: string, level: LogLevel, text: string, count?: number): void;
  /** Writes the summaries of intervals that are over. Call it now and then; without it they wait for the next event. */
  flush(): void;
  /** Writes every summary; the end of the daemon. */
  finish(): void;
}
