/** The log as the rest of the daemon sees it: five levels, one line a call. Main thread only. */
import { formatLine } from "./line.ts";

/** 1 error, 2 warning, 3 notice, 4 info, 5 debug. */
export type LogLevel = 1 | 2 | 3 | 4 | 5;

export const LOG_ERROR = 1;
export const LOG_WARNING = 2;
export const LOG_NOTICE = 3;
export const LOG_INFO = 4;
export const LOG_DEBUG = 5;

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
export function createLog(targets: readonly LogTarget[], now: WallClock = Date.now): OpenLog {
  const highest = targets.reduce((level, target) => Math.max(level, target.level), 0);
  const log = (level: LogLevel, text: string): void => {
    if (level > highest) return;
    const line = formatLine(now(), level, text);
    for (const target of targets) {
      if (level <= target.level) target.write(level, line);
    }
  };
  return {
    enabled: (level) => level <= highest,
    log,
    error: (text) => log(LOG_ERROR, text),
    warning: (text) => log(LOG_WARNING, text),
    notice: (text) => log(LOG_NOTICE, text),
    info: (text) => log(LOG_INFO, text),
    debug: (text) => log(LOG_DEBUG, text),
    close: () => {
      for (const target of targets) target.close();
    },
  };
}
