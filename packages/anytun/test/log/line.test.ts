import { describe, expect, it } from "vitest";
import type { LogLevel } from "../../src/log/level.ts";
import { formatLine, jsonLines, printable, syslogTime } from "../../src/log/line.ts";
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

describe("a JSON line", () => {
  const at = new Date(2026, 10, 2, 6, 4, 9, 7).getTime();

  it.each<[LogLevel, string]>([
    [1, "error"],
    [2, "warning"],
    [3, "notice"],
    [4, "info"],
    [5, "debug"],
  ])("of level %i says %s and when, who and what", (level, word) => {
    const line = jsonLines(77)(at, level, 'a "b"\nc');
    expect(line.endsWith("}\n") && line.split("\n").length).toBe(2);
    const entry = JSON.parse(line);
    expect(entry).toEqual({ time: expect.any(String), level: word, pid: 77, text: 'a "b"\nc' });
    expect(entry.time).toMatch(/^2026-11-02T06:04:09\.007[+-]\d\d:\d\d$/);
    expect(Date.parse(entry.time)).toBe(at);
  });

  it("steers no terminal", () => {
    const text = "\u001b[2J\u009b\u007f\tß";
    const line = jsonLines(1)(at, 3, text);
    expect(line).toContain('"text":"\\u001b[2J\\u009b\\u007f\\tß"');
    expect(JSON.parse(line).text).toBe(text);
  });

  it.each([
    ["Asia/Kolkata", "2026-07-01T17:30:00.000+05:30"],
    ["America/St_Johns", "2026-07-01T09:30:00.000-02:30"],
    ["UTC", "2026-07-01T12:00:00.000+00:00"],
  ])("names the zone: %s", (zone, expected) => {
    const before = process.env["TZ"];
    try {
      process.env["TZ"] = zone;
      expect(JSON.parse(jsonLines(1)(Date.UTC(2026, 6, 1, 12), 3, "")).time).toBe(expected);
    } finally {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    }
  });
});

describe("the time of the system log", () => {
  it("has a day of two places and neither year nor zone", () => {
    expect(syslogTime(new Date(2026, 0, 2, 3, 4, 5))).toBe("Jan  2 03:04:05");
    expect(syslogTime(new Date(2026, 11, 31, 23, 59, 59))).toBe("Dec 31 23:59:59");
  });
});

describe("a log", () => {
  it("writes to each target what its level allows, in order", () => {
    const written: string[] = [];
    const target = (name: string, level: number) => ({
      level,
      write: (time: number, lineLevel: LogLevel, text: string) =>
        void written.push(`${name} ${formatLine(time, lineLevel, text).slice(21, -1)}`),
      close: () => void written.push(`${name} closed`),
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

  it("turns debug lines on and off again in every target that is not off", () => {
    const written: string[] = [];
    const target = (name: string, level: number) => ({
      level,
      write: (_time: number, _level: LogLevel, text: string) => void written.push(`${name} ${text}`),
      close: () => {},
    });
    const log = createLog([target("a", 1), target("b", 3), target("off", 0)]);
    const say = (text: string): void => log.debug(text);
    say("1");
    expect([log.toggleDebug(), log.enabled(5)]).toEqual([true, true]);
    say("2");
    expect([log.toggleDebug(), log.enabled(4), log.enabled(3)]).toEqual([false, false, true]);
    say("3");
    expect(written).toEqual(["a 2", "b 2"]);
    const silent = createLog([target("off", 0)]);
    expect([silent.toggleDebug(), silent.enabled(1)]).toEqual([true, false]);
  });
});
