import { describe, expect, it } from "vitest";
import { parseLogTargets } from "../../src/log/target-spec.ts";

function parse(...values: string[]) {
  return parseLogTargets(values.map((value) => ({ option: "-L", value })));
}

describe("log targets", () => {
  it.each<[string, unknown]>([
    ["stdout:3", { type: "stdout", level: 3 }],
    ["stderr:5,ignored,too", { type: "stderr", level: 5 }],
    ["stdout:0", { type: "stdout", level: 0 }],
    ["stdout:-7", { type: "stdout", level: 0 }],
    ["stdout:+2", { type: "stdout", level: 2 }],
    ["stdout:99", { type: "stdout", level: 5 }],
    ["file:4", { type: "file", level: 4, path: "anytun.log" }],
    ["file:4,", { type: "file", level: 4, path: "anytun.log" }],
    ["file:4,/var/log/x", { type: "file", level: 4, path: "/var/log/x" }],
    ["file:4,/a,b", { type: "file", level: 4, path: "/a" }],
    ["file:4,/a:b c", { type: "file", level: 4, path: "/a:b c" }],
    [`file:4,/${"x".repeat(200)}`, { type: "file", level: 4, path: `/${"x".repeat(200)}` }],
  ])("%s", (value, expected) => {
    expect(parse(value)).toEqual([expected]);
  });

  it("allows files any number of times, in order", () => {
    expect(parse("file:1,/a", "stdout:2", "file:3,/a", "stderr:4")).toMatchObject([
      { type: "file", level: 1 },
      { type: "stdout", level: 2 },
      { type: "file", level: 3 },
      { type: "stderr", level: 4 },
    ]);
  });

  it.each<[string[], string]>([
    [["stdout"], "-L stdout: expected TARGET:LEVEL[,PARAMETER,..]"],
    [[""], '-L "": expected TARGET:LEVEL[,PARAMETER,..]'],
    [[":3"], "-L :3: unknown log target; expected stdout, stderr or file"],
    [["STDOUT:3"], "-L STDOUT:3: unknown log target; expected stdout, stderr or file"],
    [["stdout:3:x"], "-L stdout:3:x: expected a log level from 0 (off) to 5 (debug) after the colon"],
    [["stdout:-2147483649"], "-L stdout:-2147483649: expected a log level from 0 (off) to 5 (debug) after the colon"],
    [["stderr:1", "stderr:2"], "-L stderr:2: the stderr log target is supported only once"],
    [["syslog:3,anytun,daemon"], "-L syslog:3,anytun,daemon: logging to syslog is not available yet"],
    [["eventlog:3"], "-L eventlog:3: the eventlog target is not supported; use stdout, stderr or file"],
  ])("refused: %j", (values, expected) => {
    expect(() => parse(...values)).toThrow(expected);
  });
});
