/** The log as the rest of the daemon sees it: five levels, one line a call. Main thread only. */
import { LOG_DEBUG, LOG_ERROR, LOG_INFO, LOG_NOTICE, LOG_WARNING, type LogLevel } from "./level.ts";

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

/** Takes one text after the other and lays it out. Never throws: a log that fails must not end the tunnel. */
export interface LogTarget {
  /** Highest level that is written, 0 = none. */
  readonly level: number;
  /** @param time milliseconds since the epoch */
  write(time: number, level: LogLevel, text: string): void;
  /**
   * Opens anew what may have been moved away, as log rotation does.
   * @returns why that failed; what was open before is used on
   */
  reopen?(): string | undefined;
  close(): void;
}

/** Milliseconds since the epoch. */
export type WallClock = () => number;

/** A logger that owns its targets. */
export interface OpenLog extends Logger {
  /** Reopens files; one that fails is a warning in all targets. */
  reopen(): void;
  /** Other targets take the lines from now on; those in use are closed. */
  replaceTargets(targets: readonly LogTarget[]): void;
  /**
   * Switches debug lines on in every target that is not off, and at the next call back to what was asked for.
   * @returns whether they are on now
   */
  toggleDebug(): boolean;
  close(): void;
}

/** Joins targets to a logger, which owns them from now on. */
export function createLog(first: readonly LogTarget[], now: WallClock = Date.now): OpenLog {
  let targets = first;
  let isDebugging = false;
  const levelOf = (target: LogTarget): number => (isDebugging && target.level > 0 ? LOG_DEBUG : target.level);
  const highestLevel = (): number => targets.reduce((level, target) => Math.max(level, levelOf(target)), 0);
  let highest = highestLevel();
  const log = (level: LogLevel, text: string): void => {
    if (level > highest) return;
    const time = now();
    for (const target of targets) {
      if (level <= levelOf(target)) target.write(time, level, text);
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
    reopen: () => {
      const problems = targets.map((target) => target.reopen?.());
      for (const problem of problems) if (problem !== undefined) log(LOG_WARNING, problem);
    },
    replaceTargets: (others) => {
      const old = targets;
      targets = others;
      highest = highestLevel();
      for (const target of old) target.close();
    },
    toggleDebug: () => {
      isDebugging = !isDebugging;
      highest = highestLevel();
      return isDebugging;
    },
    close: () => {
      for (const target of targets) target.close();
    },
  };
}
