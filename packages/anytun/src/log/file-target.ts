/** A log file: appended to, one write(2) a line, reopened when rotation moved it away. */
import { closeSync, constants, writeSync } from "node:fs";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import { LOG_WARNING } from "./level.ts";
import type { FormatLine } from "./line.ts";
import type { LogTarget } from "./logger.ts";

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
const APPEND = O_WRONLY | O_CREAT | O_APPEND;

/** Like open(2), with the mode that the user's umask gives, whatever the umask is by then. */
export type OpenFile = (path: string, flags: number) => number;

/**
 * Lines that a full disk swallowed are counted and announced once it has room again.
 * @param path absolute: a working directory that changes later must not move the log
 * @throws AnytunError `log`
 */
export function fileTarget(path: string, level: number, format: FormatLine, open: OpenFile): LogTarget {
  let fd = openLogFile(path, open);
  let lost = 0;
  let reason = "";
  return {
    level,
    write: (time, lineLevel, text) => {
      try {
        if (lost > 0) {
          writeSync(fd, format(time, LOG_WARNING, `${lost} log lines could not be written to ${path}: ${reason}`));
          lost = 0;
        }
        writeSync(fd, format(time, lineLevel, text));
      } catch (error) {
        lost++;
        reason = errorText(error);
      }
    },
    reopen: () => {
      try {
        // a pipe that nobody reads now must not stop the daemon
        const fresh = open(path, APPEND | O_NONBLOCK);
        closeSync(fd);
        fd = fresh;
        return undefined;
      } catch (error) {
        return `can't reopen log file (${path}), the open one is used on: ${errorText(error)}`;
      }
    },
    close: () => closeSync(fd),
  };
}

function openLogFile(path: string, open: OpenFile): number {
  try {
    return open(path, APPEND);
  } catch (cause) {
    throw new AnytunError("log", `-L file: can't open log file (${path}): ${errorText(cause)}`, { cause });
  }
}
