import { createLog, type Logger } from "../../src/log/logger.ts";

/** A log at debug level that keeps `LEVEL: text` lines. */
export function memoryLog(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = createLog([
    { level: 5, write: (_level, line) => lines.push(line.slice("2026-Nov-22 06:40:00 ".length, -1)), close: () => {} },
  ]);
  return { log, lines };
}
