/** The log as the rest of the daemon sees it: five levels, one line a call. Main thread only. */
import { type LogLevel } from "./level.ts";
export interface Logger {
  /** True when at least one target takes lines of this level; ask before building an expensive text. */
  enabled(level: LogLevel): boolean;
  log(level: LogLevel, text: string): void;
  error(text: string): void;
  warning(text: string): void;
  notice(text: string): void;
  info(text: string): void;
  debug(text: string): void;
}
/** Takes whole lines, newline included. Never throws: a log that fails must not end the tunnel. */
export interface LogTarget {
  /** Highest level that is written, 0 = none. */
  readonly level: number;
  write(level: LogLevel, line: string): void;
  close(): void;
}
/** Milliseconds since the epoch. */
export type WallClock = () => number;
/** A logger that owns its targets. */
export interface OpenLog extends Logger {
  close(): void;
}
/** Joins targets to a logger, which owns them from now on. */
export declare function createLog(targets: readonly LogTarget[], now?: WallClock): OpenLog;
