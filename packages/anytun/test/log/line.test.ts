import { describe, expect, it } from "vitest";
import type { LogLevel } from "../../src/log/level.ts";
import { formatLine, printable } from "../../src/log/line.ts";
import { createLog } from "../../src/log/logger.ts";

describe("a log line", () => {
  it.each<[LogLevel, string]>([
    [1, "ERROR"],
    [2, "WARNING"],
    [3, "NOTICE"],
    [4, "INFO"],
    [5, "DEBUG"],
  ])("of level %i says %s", (level, word) => {
    expect(formatLine(new Date(2026, 10, 22, 6, 4, 9).getTime(), level, "text")).toBe(
      `2026-Nov-22 06:04:09 ${word}: text\n`,
    );
  });

  it("names every month in English, whatever the locale", () => {
    const months = Array.from({ length: 12 }, (_, month) =>
      formatLine(new Date(2026, month, 1).getTime(), 3, "").slice(5, 8),
    );
    expect(months.join(" ")).toBe("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec");
  });

  it("is one line and steers no terminal", () => {
    expect(printable("a\nERROR: b\r\u001b[2J\u009b\tc é")).toBe("a\\x0aERROR: b\\x0d\\x1b[2J\\x9b\tc é");
  });
});

describe("a log", () => {
  it("writes to each target what its level allows, in order", () => {
    const written: string[] = [];
    const target = (name: string, level: number) => ({
      level,
      write: (_: LogLevel, line: string) => written.push(`${name} ${line.slice(21, -1)}`),
      close: () => written.push(`${name} closed`),
    });
    const log = createLog([target("a", 3), target("b", 5), target("off", 0)], () => 0);
    log.error("1");
    log.warning("2");
    log.notice("3");
    log.info("4");
    log.debug("5");
    log.log(4, "6");
    log.close();
    expect(written).toEqual([
      "a ERROR: 1",
      "b ERROR: 1",
      "a WARNING: 2",
      "b WARNING: 2",
      "a NOTICE: 3",
      "b NOTICE: 3",
      "b INFO: 4",
      "b DEBUG: 5",
      "b INFO: 6",
      "a closed",
      "b closed",
      "off closed",
    ]);
  });

  it("knows which levels nobody reads", () => {
    const log = createLog([{ level: 3, write: () => {}, close: () => {} }]);
    const levels: LogLevel[] = [1, 2, 3, 4, 5];
    expect(levels.map((level) => log.enabled(level))).toEqual([true, true, true, false, false]);
    expect(createLog([]).enabled(1)).toBe(false);
  });
});
