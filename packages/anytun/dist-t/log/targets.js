/** Opens what `-L` asked for. Streams are lent by the command line, files are opened and owned here. */
import { closeSync, openSync, writeSync } from "node:fs";
import { errorText } from "../error-text.js";
import { AnytunError } from "../errors.js";
import { LOG_WARNING } from "./level.js";
import { formatLine } from "./line.js";
import { createLog } from "./logger.js";
/**
 * Opens all targets in order.
 * @throws AnytunError `log` naming the file that cannot be opened; what was open by then is closed
 */
export function openLog(specs, streams, now = Date.now) {
  const targets = [];
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
function streamTarget(stream, level) {
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
function fileTarget(path, level, now) {
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
function openLogFile(path) {
  try {
    return openSync(path, "a", 0o666);
  } catch (cause) {
    throw new AnytunError("log", `-L file: can't open log file (${path}): ${errorText(cause)}`, { cause });
  }
}
//# sourceMappingURL=targets.js.map
