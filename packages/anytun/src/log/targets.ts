/** Opens what `-L` asked for. Streams are lent by the command line, files are opened and owned here. */
import { closeSync, openSync, writeSync } from "node:fs";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import { LOG_WARNING } from "./level.ts";
import { formatLine } from "./line.ts";
import { createLog, type LogTarget, type OpenLog, type WallClock } from "./logger.ts";
import type { LogTargetSpec } from "./target-spec.ts";

/** The part of a process stream that a log needs. */
export interface LogStream {
  write(text: string): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface LogStreams {
  readonly stdout: LogStream;
  readonly stderr: LogStream;
}

/**
 * Opens all targets in order.
 * @throws AnytunError `log` naming the file that cannot be opened; what was open by then is closed
 */
export function openLog(specs: readonly LogTargetSpec[], streams: LogStreams, now: WallClock = Date.now): OpenLog {
  const targets: LogTarget[] = [];
  try {
    for (const spec of specs) {
      targets.push(
        spec.type === "file" ? fileTarget(spec.path, spec.level, now) : streamTarget(streams[spec.type], spec.level),
      );
    }
  } catch (error) {
    for (const target of targets) target.close();
    throw error;
  }
  return createLog(targets, now);
}

/** A reader that goes away (EPIPE) silences the target and nothing else. */
function streamTarget(stream: LogStream, level: number): LogTarget {
  let alive = true;
  stream.on("error", () => {
    alive = false;
  });
  return {
    level,
    write: (_level, line) => {
      if (alive) stream.write(line);
    },
    close: () => undefined,
  };
}

/** Appends, one write(2) a line. Lines that a full disk swallowed are counted and announced once it has room again. */
function fileTarget(path: string, level: number, now: WallClock): LogTarget {
  const fd = openLogFile(path);
  let lost = 0;
  let reason = "";
  return {
    level,
    write: (_level, line) => {
      try {
        if (lost > 0) {
          writeSync(fd, formatLine(now(), LOG_WARNING, `${lost} log lines could not be written to ${path}: ${reason}`));
          lost = 0;
        }
        writeSync(fd, line);
      } catch (error) {
        lost++;
        reason = errorText(error);
      }
    },
    close: () => closeSync(fd),
  };
}

function openLogFile(path: string): number {
  try {
    return openSync(path, "a", 0o666);
  } catch (cause) {
    throw new AnytunError("log", `-L file: can't open log file (${path}): ${errorText(cause)}`, { cause });
  }
}
