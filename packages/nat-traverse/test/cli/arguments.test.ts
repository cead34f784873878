// The grammar of specification section 1, a line for each spelling.
import { describe, expect, it } from "vitest";
import { type Invocation, parseArguments } from "../../src/cli/arguments.ts";

const parse = (line: string | readonly string[], isPosix = false): Invocation =>
  parseArguments(typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line, isPosix);

describe("spellings", () => {
  it.each([
    ["--window=3", "window", "3"],
    ["--window 3", "window", "3"],
    ["-window 3", "window", "3"],
    ["+window 3", "window", "3"],
    ["-w 3", "window", "3"],
    ["-w=3", "window", "3"],
    ["+w=3", "window", "3"],
    ["--WiN=3", "window", "3"],
    ["--window -3", "window", "-3"],
    ["--window=+3", "window", "+3"],
    ["--t 0", "timeout", "0"],
    ["--c=x", "cmd", "x"],
    ["--cmd --version", "cmd", "--version"],
    ["--cmd --", "cmd", "--"],
    ["--cmd=a=b", "cmd", "a=b"],
    ["-q", "quit-after-connect", ""],
    ["--QUIT-AFTER-CONNECT", "quit-after-connect", ""],
    ["--window=3 --window=4", "window", "4"],
  ])("%s", (line, name, value) => {
    const { values, mistakes, words } = parse(line);
    expect(Object.fromEntries(values)).toEqual({ [name]: value });
    expect(mistakes).toEqual([]);
    expect(words).toEqual([]);
  });

  it("takes an empty text that is a word of its own", () => {
    expect(parse(["--cmd", ""]).values.get("cmd")).toBe("");
  });

  it.each(["--version", "-v", "+v", "--vers", "-V", "a --version", "--window=3 -v 1:2:3", "-v --foo"])("%s", (line) => {
    expect(parse(line)).toMatchObject({ action: "version", mistakes: [] });
  });

  it.each(["--help", "-h", "+HELP", "-h -v"])("%s", (line) => {
    expect(parse(line)).toMatchObject({ action: "help", mistakes: [] });
  });
});

describe("the argument", () => {
  it.each([
    ["1:a:2 --window=3", ["1:a:2"]],
    ["--window=3 1:a:2", ["1:a:2"]],
    ["-- --window=3", ["--window=3"]],
    ["a -- b --c", ["a", "b", "--c"]],
    ["-", ["-"]],
    ["+", ["+"]],
  ])("%s", (line, words) => {
    expect(parse(line)).toMatchObject({ action: "run", words, mistakes: [] });
  });

  it("may be an empty word", () => {
    expect(parse([""]).words).toEqual([""]);
  });
});

describe("with POSIXLY_CORRECT", () => {
  it.each([
    ["+version", ["+version"]],
    ["1:a:2 --version", ["1:a:2", "--version"]],
    ["-w 3 1:a:2 -q", ["1:a:2", "-q"]],
    ["- -q", ["-", "-q"]],
  ])("%s", (line, words) => {
    expect(parse(line, true)).toMatchObject({ action: "run", words, mistakes: [] });
  });
});

describe("mistakes", () => {
  it.each([
    ["--Foo", "Unknown option: foo"],
    ["--foo=bar", "Unknown option: foo"],
    ["-w3", "Unknown option: w3"],
    ["-vh", "Unknown option: vh"],
    ["---version", "Unknown option: -version"],
    ["--=3", "Unknown option: =3"],
    ["--no-window", "Unknown option: no-window"],
    ["--quit-after-connect-x", "Unknown option: quit-after-connect-x"],
    ["--window", "Option window requires an argument"],
    ["--window=", "Option window requires an argument"],
    ["--cmd", "Option cmd requires an argument"],
    ["-c=", "Option cmd requires an argument"],
    ["--win=x", 'Value "x" invalid for option window (number expected)'],
    ["--timeout 1.5", 'Value "1.5" invalid for option timeout (number expected)'],
    ["--timeout=0x10", 'Value "0x10" invalid for option timeout (number expected)'],
    ["-t 1e3", 'Value "1e3" invalid for option timeout (number expected)'],
    ["--window --version", 'Value "--version" invalid for option window (number expected)'],
    ["-Q=3", "Option quit-after-connect does not take an argument"],
    ["--version=1", "Option version does not take an argument"],
  ])("%s", (line, mistake) => {
    expect(parse(line)).toMatchObject({ action: "run", mistakes: [mistake] });
  });

  it("do not keep a later --version from being seen", () => {
    expect(parse("--foo --version")).toMatchObject({ action: "version", mistakes: ["Unknown option: foo"] });
  });

  it("are all told, each in one line", () => {
    expect(parse(["--fo\no", "-w", "a\u001b[2J"]).mistakes).toEqual([
      "Unknown option: fo?o",
      'Value "a?[2J" invalid for option window (number expected)',
    ]);
  });

  it("take the next word where the original does", () => {
    expect(parse(["--window", "", "--version"])).toMatchObject({ action: "version" });
    expect(parse("--foo bar").words).toEqual(["bar"]);
  });
});
