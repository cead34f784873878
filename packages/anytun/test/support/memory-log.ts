import { formatLine } from "../../src/log/line.ts";
import { createLog, type OpenLog } from "../../src/log/logger.ts";

/** A log at debug level that keeps `LEVEL: text` lines. Reopening it fails. */
export function memoryLog(): { log: OpenLog; lines: string[] } {
  const lines: string[] = [];
  const log = createLog([
    {
      level: 5,
      write: (time, level, text) =>
        void lines.push(formatLine(time, level, text).slice("2026-Nov-22 06:40:00 ".length, -1)),
      reopen: () => "cannot reopen",
      close: () => {},
    },
  ]);
  return { log, lines };
}
