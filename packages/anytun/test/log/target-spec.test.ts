import { describe, expect, it } from "vitest";
import { DEFAULT_LOG, parseLogFormat, parseLogTargets } from "../../src/log/target-spec.ts";

const NO_FACILITY =
  "unknown syslog facility; expected one of user mail daemon auth syslog lpr news uucp cron authpriv ftp " +
  "local0 local1 local2 local3 local4 local5 local6 local7";

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
    ["syslog:4", { type: "syslog", level: 4, ident: "anytun", facility: "daemon", orStderr: false }],
    ["syslog:9,", { type: "syslog", level: 5, ident: "anytun", facility: "daemon", orStderr: false }],
    ["syslog:3,x y", { type: "syslog", level: 3, ident: "x y", facility: "daemon", orStderr: false }],
    ["syslog:3,,local7,ignored", { type: "syslog", level: 3, ident: "anytun", facility: "local7", orStderr: false }],
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
    [[":3"], "-L :3: unknown log target; expected syslog, stdout, stderr or file"],
    [["STDOUT:3"], "-L STDOUT:3: unknown log target; expected syslog, stdout, stderr or file"],
    [["stdout:3:x"], "-L stdout:3:x: expected a log level from 0 (off) to 5 (debug) after the colon"],
    [["stdout:-2147483649"], "-L stdout:-2147483649: expected a log level from 0 (off) to 5 (debug) after the colon"],
    [["stderr:1", "stderr:2"], "-L stderr:2: the stderr log target is supported only once"],
    [["syslog:1", "file:1", "syslog:2"], "-L syslog:2: the syslog log target is supported only once"],
    [["syslog:3,a,nope"], `-L syslog:3,a,nope: ${NO_FACILITY}`],
    [["syslog:3,a,"], `-L syslog:3,a,: ${NO_FACILITY}`],
    [["syslog:3,a,DAEMON"], `-L syslog:3,a,DAEMON: ${NO_FACILITY}`],
    [["syslog:3,a,kern"], `-L syslog:3,a,kern: ${NO_FACILITY}`],
    [["syslog:3,a,constructor"], `-L syslog:3,a,constructor: ${NO_FACILITY}`],
    [["eventlog:3"], "-L eventlog:3: the eventlog target is not supported; use syslog, stdout, stderr or file"],
  ])("refused: %j", (values, expected) => {
    expect(() => parse(...values)).toThrow(expected);
  });

  it("are the system log at level 3 when nobody says otherwise, stderr where there is none", () => {
    expect(DEFAULT_LOG).toEqual([{ type: "syslog", level: 3, ident: "anytun", facility: "daemon", orStderr: true }]);
  });
});

describe("the format", () => {
  it("is one of two words", () => {
    expect([parseLogFormat("--log-format", "text"), parseLogFormat("--log-format", "json")]).toEqual(["text", "json"]);
    expect(() => parseLogFormat("--log-format", "JSON")).toThrow("--log-format JSON: expected text or json");
  });
});
