/** The log as the rest of the daemon sees it: five levels, one line a call. Main thread only. */
import { LOG_DEBUG, LOG_ERROR, LOG_INFO, LOG_NOTICE, LOG_WARNING, type LogLevel } from "./level.ts";
import { formatLine } from "./line.ts";

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
