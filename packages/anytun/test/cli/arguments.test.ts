import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Argument, parseArguments, secretWords } from "../../src/cli/arguments.ts";
import { options, spellings, takesValue } from "../../src/cli/options.ts";
import { UsageError } from "../../src/errors.ts";

function pairs(words: readonly string[]): [string, string][] {
  const invocation = parseArguments(words);
  if (invocation.action !== "run") throw new Error(`ended with ${invocation.action}`);
  return invocation.args.map(({ name, value }) => [name, value]);
}

function refusal(words: readonly string[]): string {
  try {
    parseArguments(words);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("accepted");
}

describe("accepted command lines", () => {
  it.each<[string[], [string, string][]]>([
    [[], []],
    [["-D"], [["nodaemonize", ""]]],
    [
      ["--nodaemonize", "-4"],
      [
        ["nodaemonize", ""],
        ["ipv4-only", ""],
      ],
    ],
    [
      ["-m", "5", "--mux", "7"],
      [
        ["mux", "5"],
        ["mux", "7"],
      ],
    ],
    [
      ["-L", "stdout:3", "-L", "file:5,/x"],
      [
        ["log", "stdout:3"],
        ["log", "file:5,/x"],
      ],
    ],
    // like a stream token: blanks skipped, cut at the next blank
    [["-r", "  host.example  rest"], [["remote-host", "host.example"]]],
    [["-d", "\ttap0\nx"], [["dev", "tap0"]]],
    [["-m", " 5 6"], [["mux", "5"]]],
    [["-r", ""], [["remote-host", ""]]],
    [["-r", " "], [["remote-host", ""]]],
    // taken whole
    [["-E", " two words "], [["passphrase", " two words "]]],
    [["-K", "00 11"], [["key", "00 11"]]],
    [["-A", " 00"], [["salt", " 00"]]],
    [["-M", "a, b"], [["sync-hosts", "a, b"]]],
    [["-X", " a"], [["control-host", " a"]]],
    [["-R", " 10.0.0.0/8"], [["route", " 10.0.0.0/8"]]],
    [["-L", "stdout:3, x"], [["log", "stdout:3, x"]]],
    // a leading blank carries a value that begins with a dash
    [["-E", " -x"], [["passphrase", " -x"]]],
    [["-r", " -x"], [["remote-host", "-x"]]],
    // our long form
    [["--mux=5"], [["mux", "5"]]],
    [["--passphrase=-x=y"], [["passphrase", "-x=y"]]],
    [["--passphrase="], [["passphrase", ""]]],
    [
      ["--state-dir=/x y", "--state-dir", "none"],
      [
        ["state-dir", "/x y"],
        ["state-dir", "none"],
      ],
    ],
  ])("%j", (words, expected) => {
    expect(pairs(words)).toEqual(expected);
  });

  it("remembers how and where an option was typed", () => {
    const invocation = parseArguments(["-D", "--mux", "5", "-m", "6", "--sender-id=7"]);
    expect(invocation.action === "run" && invocation.args.map(({ typed, index }: Argument) => [typed, index])).toEqual([
      ["-D", 0],
      ["--mux", 2],
      ["-m", 4],
      ["--sender-id", 5],
    ]);
  });
});

describe("a tunnel of a configuration directory", () => {
  it.each<[string[], unknown]>([
    [["--config-dir", "/etc/anytun", "office"], { dir: "/etc/anytun", name: "office", at: 0 }],
    [["-D", "--config-dir=/c d", "office", "-m", "5"], { dir: "/c d", name: "office", at: 1 }],
    [["--config-dir", "/c", "-D"], { dir: "/c", name: undefined, at: 0 }],
    [["-D", "--config-dir", "/c"], { dir: "/c", name: undefined, at: 1 }],
  ])("%j", (words, tunnel) => {
    const invocation = parseArguments(words);
    expect(invocation.action === "run" && invocation.tunnel).toEqual(tunnel);
  });

  it.each<[string[], string]>([
    [["--config-dir", "/c", "a", "b"], "b: unexpected word; options begin with -"],
    [["--config-dir", "/c", "-D", "a"], "a: unexpected word; options begin with -"],
    [["--config-dir", "/c", "a/b"], "--config-dir a/b: expected the name of a tunnel, one word without /"],
    [["--config-dir", "/c", ".."], "--config-dir ..: expected the name of a tunnel, one word without /"],
    [["--config-dir", "/c", ""], '--config-dir "": expected the name of a tunnel, one word without /'],
    [["--config-dir", "", "a"], '--config-dir "": expected a directory, like /etc/anytun, and a tunnel in it'],
    [["--config-dir"], "--config-dir: a value is missing"],
    [
      ["--config-dir", "/c", "a", "--config-dir", "/d", "b"],
      "--config-dir /d: a second one; expected one directory and one tunnel",
    ],
  ])("refused: %j", (words, expected) => {
    expect(refusal(words)).toBe(expected);
  });
});

describe("-h and -v act when they are reached", () => {
  it.each<[string[], string]>([
    [["-h"], "help"],
    [["--help"], "help"],
    [["-v"], "version"],
    [["--version"], "version"],
    [["-v", "-h"], "version"],
    [["-h", "--no-such-option"], "help"],
    [["-m", "not-a-number", "-h"], "help"],
    [["-4", "-6", "-e", "nobody", "-h"], "help"],
    [["-L", "syslog:3", "-h"], "help"],
    [["-L", "nowhere:3", "-h"], "help"],
  ])("%j", (words, action) => {
    expect(parseArguments(words)).toEqual({ action });
  });

  it.each([[["--no-such-option", "-h"]], [["-m", "-h"]], [["-L", "stdout", "-h"]], [["-n", "1.2.3.4", "-v"]]])(
    "an earlier error hides them: %j",
    (words) => {
      expect(() => parseArguments(words)).toThrow(UsageError);
    },
  );
});

describe("refused command lines", () => {
  it.each<[string[], string]>([
    [["--nope"], "--nope: unknown option"],
    [["-z"], "-z: unknown option"],
    [["-Dh"], "-Dh: unknown option (options cannot be joined)"],
    [["-46"], "-46: unknown option (options cannot be joined)"],
    [["-m5"], "-m5: unknown option (options cannot be joined)"],
    [["-m=5"], "-m=5: unknown option (options cannot be joined)"],
    [["--nodaemon"], "--nodaemon: unknown option"],
    [["--MUX", "5"], "--MUX: unknown option"],
    [["--nope=secret"], "--nope: unknown option"],
    [["--"], "--: unknown option"],
    [["-"], "-: unknown option"],
    [["host"], "host: unexpected word; options begin with -"],
    [["-D", ""], '"": unexpected word; options begin with -'],
    [["-D", "a b\n"], '"a b\\n": unexpected word; options begin with -'],
    [["-m"], "-m: a value is missing"],
    [["--mux"], "--mux: a value is missing"],
    [["-m", "-1"], '-m -1: a value cannot begin with "-"; write --mux=VALUE'],
    [["-r", "-"], '-r -: a value cannot begin with "-"; write --remote-host=VALUE'],
    [["--debug=yes"], "--debug: takes no value"],
    [["--help=yes"], "--help: takes no value"],
    [["-n", "192.0.2.1"], "-n 192.0.2.1: expected ADDRESS/LENGTH"],
    [["-n", "192.0.2.1/24,fd00::1"], "-n 192.0.2.1/24,fd00::1: expected ADDRESS/LENGTH"],
    [["-R", "10.0.0.0/8,x"], "-R 10.0.0.0/8,x: expected ADDRESS/LENGTH"],
    [["-L", "stdout"], "-L stdout: expected TARGET:LEVEL[,PARAMETER,..]"],
    [["-L", "stdout:"], "-L stdout:: expected a log level from 0 (off) to 5 (debug) after the colon"],
    [["-L", "stdout:x"], "-L stdout:x: expected a log level from 0 (off) to 5 (debug) after the colon"],
    [["-L", "stdout:3x"], "-L stdout:3x: expected a log level from 0 (off) to 5 (debug) after the colon"],
    [["-L", "stdout:3.5"], "-L stdout:3.5: expected a log level from 0 (off) to 5 (debug) after the colon"],
    [
      ["-L", "stdout:2147483648"],
      "-L stdout:2147483648: expected a log level from 0 (off) to 5 (debug) after the colon",
    ],
    [["-x\u001b[31m\u009b"], '"-x\\u001b[31m\\u009b": unknown option (options cannot be joined)'],
    [["-m", "-\n"], '-m "-\\n": a value cannot begin with "-"; write --mux=VALUE'],
    // the first error wins
    [["-m", "--nope"], '-m --nope: a value cannot begin with "-"; write --mux=VALUE'],
    [["--one", "--two"], "--one: unknown option"],
  ])("%j", (words, expected) => {
    expect(refusal(words)).toBe(expected);
  });
});

describe("secrets", () => {
  it.each<[string[]]>([
    [["-E", "-hunter2"]],
    [["-K", "-hunter2"]],
    [["--salt", "-hunter2"]],
    [["-Ehunter2"]],
    [["-E=hunter2"]],
    [["--passphrasehunter2"]],
    [["--passphrase=x", "hunter2"]],
    [["-E", "my", "hunter2"]],
    [["-K", "00", "hunter2", "-h"]],
  ])("are never part of an error: %j", (words) => {
    expect(refusal(words)).not.toContain("hunter2");
  });

  it.each<[string[], number[]]>([
    [["-E", "x"], [1]],
    [
      ["--passphrase", "x", "--key", "y", "--salt", "z"],
      [1, 3, 5],
    ],
    [
      ["--passphrase=x", "-D", "--key=y"],
      [0, 2],
    ],
    [
      ["-D", "-E", "x", "-E", "y"],
      [2, 4],
    ],
    [["-m", "-E", "x"], []],
    [["-E"], []],
    [["-E", "-x"], [1]],
    [["--nope", "-E", "x"], [2]],
    [["-h", "-E", "x"], [2]],
    [
      ["-Ex", "-E=x", "--keyx"],
      [0, 1, 2],
    ],
    [["-r", "host", "-p", "1"], []],
    [["--key-file=/k", "--passphrase-file", "/p", "--passphrase-file=/p"], []],
    [
      ["--key-file", "-E", "--key-fil=x", "--key=x"],
      [2, 3],
    ],
  ])("are found for masking: %j", (words, expected) => {
    expect(secretWords(words)).toEqual(expected);
  });
});

it("accepts every option in both spellings, and nothing else fails than by UsageError", () => {
  const known = options.flatMap((option) => spellings(option).map((typed) => ({ option, typed })));
  for (const { option, typed } of known) {
    const words = takesValue(option) ? [typed, option.name === "log" ? "stdout:3" : "1/2"] : [typed];
    expect(() => parseArguments(words), typed).not.toThrow();
  }
  const word = fc.oneof(fc.constantFrom(...known.map(({ typed }) => typed)), fc.string(), fc.constantFrom("5", "a/b"));
  fc.assert(
    fc.property(fc.array(word), (words) => {
      secretWords(words);
      try {
        parseArguments(words);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
});
