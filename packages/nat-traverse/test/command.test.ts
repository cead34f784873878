// Specification, section 6: which texts are the shell's, how the others are split and found.
import { describe, expect, it } from "vitest";
import { commandWords } from "../src/command/command-text.ts";
import { execute } from "../src/command/execute.ts";

const words = (text: string) =>
  commandWords(Buffer.from(text, "latin1"))?.args.map((word) => Buffer.from(word).toString("latin1"));

describe("the text of a command", () => {
  it.each([
    [
      "pppd updetach noauth passive notty ipparam vpn 10.0.0.1:10.0.0.2",
      "pppd|updetach|noauth|passive|notty|ipparam|vpn|10.0.0.1:10.0.0.2",
    ],
    ["nc -vl 20000", "nc|-vl|20000"],
    ["  a \t b\vc  ", "a|b|c"],
    ["echo a#b %c ^d !e -f=g /h ,i @j +k", "echo|a#b|%c|^d|!e|-f=g|/h|,i|@j|+k"],
    ["caf\xe9 \xff", "caf\xe9|\xff"],
    ["1A=2 env", "1A=2|env"],
    ["A.b=1 env", "A.b=1|env"],
    ["execx y", "execx|y"],
    ["env A=1 x", "env|A=1|x"],
  ])("%j is split at blanks", (text, expected) => {
    expect(words(text)).toEqual(expected.split("|"));
  });

  it.each([
    ..."$&*(){}[]'\";\\|?<>~`".split("").map((character) => `echo ${character}`),
    "true\n",
    "A=1 env",
    "  _a1= env",
    "exec true",
    "exec\ttrue",
  ])("%j is the shell's", (text) => {
    expect(words(text)).toEqual(["sh", "-c", text]);
  });

  it.each(["", " ", "\n", " \t\n "])("%j is no command", (text) => {
    expect(commandWords(Buffer.from(text))).toBeUndefined();
  });
});

describe("the search for the program", () => {
  /** Runs `text` where `files` exist, each with the error that running it gives. */
  const tried = (text: string, path: string | undefined, files: Record<string, string> = {}) => {
    const attempts: string[] = [];
    const command = commandWords(Buffer.from(text));
    if (command === undefined) throw new Error("no command");
    const { code } = execute(command, path, (file, args) => {
      attempts.push([file, ...args].map((word) => Buffer.from(word).toString()).join(" "));
      return { code: files[Buffer.from(file).toString()] ?? "ENOENT" };
    });
    return { attempts, code };
  };

  it("goes along PATH", () => {
    expect(tried("x -a", "/one:/two::/three")).toEqual({
      attempts: ["/one/x x -a", "/two/x x -a", "./x x -a", "/three/x x -a"],
      code: "ENOENT",
    });
  });

  it("has two folders without PATH", () => {
    expect(tried("x", undefined).attempts).toEqual(["/bin/x x", "/usr/bin/x x"]);
  });

  it("does not take place for a name with a slash", () => {
    expect(tried("./x y", "/one").attempts).toEqual(["./x ./x y"]);
  });

  it("goes on behind what may not be run, and tells of it", () => {
    const files = { "/one/x": "EACCES", "/two/x": "ENOTDIR" };
    expect(tried("x", "/one:/two:/three", files)).toMatchObject({ code: "EACCES", attempts: { length: 3 } });
  });

  it("ends at what is broken", () => {
    expect(tried("x", "/one:/two", { "/one/x": "ETXTBSY" })).toEqual({ attempts: ["/one/x x"], code: "ETXTBSY" });
  });

  it("gives a script without first line to the shell", () => {
    const files = { "/one/x": "ENOEXEC", "/bin/sh": "E2BIG" };
    expect(tried("x y z", "/one", files)).toEqual({
      attempts: ["/one/x x y z", "/bin/sh sh /one/x y z"],
      code: "E2BIG",
    });
  });
});
