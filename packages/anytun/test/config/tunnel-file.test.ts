import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { optionTable } from "../../src/cli/options.ts";
import { parseOptionFile } from "../../src/config/tunnel-file.ts";
import type { Quoting } from "../../src/config/tunnel-line.ts";
import { AnytunError } from "../../src/errors.ts";

const PATH = "/etc/anytun/office/config";

function parse(text: string | Uint8Array, quoting: Quoting = "literal", mode = 0o600) {
  const content = new Uint8Array(Buffer.from(text));
  return parseOptionFile({ path: PATH, content, mode }, quoting);
}

function pairs(text: string | Uint8Array, quoting?: Quoting): [string, string][] {
  return parse(text, quoting).args.map(({ name, value }) => [name, value]);
}

function warnings(text: string, quoting?: Quoting): string[] {
  return parse(text, quoting).notes.map((note) => note.text.replace(PATH, "FILE"));
}

function refusal(text: string, quoting?: Quoting): string {
  try {
    parse(text, quoting);
  } catch (error) {
    if (error instanceof AnytunError && error.code === "usage") return error.message.replace(PATH, "FILE");
    throw error;
  }
  throw new Error("accepted");
}

const BOTH: readonly Quoting[] = ["literal", "xargs"];

describe.each(BOTH)("lines that always worked, quotes %s", (quoting) => {
  it.each<[string, [string, string][]]>([
    ["", []],
    ["\n\n", []],
    ["# comment\n#another", []],
    ["  \t \n--- *** ...\n", []],
    ["nodaemonize", [["nodaemonize", ""]]],
    ["mux 5", [["mux", "5"]]],
    ["mux\t 5   ", [["mux", "5"]]],
    ["mux 5 # the office", [["mux", "5"]]],
    ["mux 5# the office", [["mux", "5"]]],
    [
      "type tun\nifconfig 192.0.2.1/24\n",
      [
        ["type", "tun"],
        ["ifconfig", "192.0.2.1/24"],
      ],
    ],
    [
      "route 10.0.0.0/8,fd00::/8\nroute 192.0.2.0/24",
      [
        ["route", "10.0.0.0/8,fd00::/8"],
        ["route", "192.0.2.0/24"],
      ],
    ],
    // the original joined all lines into one command line
    [
      "remote-host a.example -o 5000 --mux 7",
      [
        ["remote-host", "a.example"],
        ["remote-port", "5000"],
        ["mux", "7"],
      ],
    ],
    [
      "nodaemonize --ipv4-only",
      [
        ["nodaemonize", ""],
        ["ipv4-only", ""],
      ],
    ],
    ["passphrase have_a_safe=day", [["passphrase", "have_a_safe=day"]]],
    ["passphrase =x", [["passphrase", "=x"]]],
    ["passphrase =", [["passphrase", "="]]],
    ["passphrase $HOME`id`", [["passphrase", "$HOME`id`"]]],
    ["passphrase Grüße", [["passphrase", "Grüße"]]],
    ["passphrase foo#bar", [["passphrase", "foo"]]],
  ])("%j", (text, expected) => {
    expect(pairs(text, quoting)).toEqual(expected);
  });
});

describe.each(BOTH)("lines that the original could not read, quotes %s", (quoting) => {
  it.each<[string, [string, string][]]>([
    ["   type tap", [["type", "tap"]]],
    ["--mux 3", [["mux", "3"]]],
    ["-w 5", [["window-size", "5"]]],
    [
      "mux 5\r\npassphrase secret\r\n",
      [
        ["mux", "5"],
        ["passphrase", "secret"],
      ],
    ],
    ["\tnodaemonize\r\n\r\n", [["nodaemonize", ""]]],
    // files of the current directory took the place of these
    ["passphrase *", [["passphrase", "*"]]],
    ["passphrase x*?[ab]", [["passphrase", "x*?[ab]"]]],
    // the form with =
    ["mux=5", [["mux", "5"]]],
    ["mux = 5", [["mux", "5"]]],
    ["--mux = 5 # comment", [["mux", "5"]]],
    ["mux=5\r", [["mux", "5"]]],
    ["passphrase = a b # comment", [["passphrase", "a b"]]],
    ["passphrase = a#b", [["passphrase", "a#b"]]],
    ['passphrase = "a b # c" # comment', [["passphrase", "a b # c"]]],
    [String.raw`passphrase = "a \"b\" \\ c"`, [["passphrase", String.raw`a "b" \ c`]]],
    [String.raw`passphrase = 'a "b" \ # c'`, [["passphrase", String.raw`a "b" \ # c`]]],
    [String.raw`passphrase = back\slash`, [["passphrase", String.raw`back\slash`]]],
    ["passphrase = don't", [["passphrase", "don't"]]],
    ["passphrase = -x", [["passphrase", "-x"]]],
    ['passphrase = ""', [["passphrase", ""]]],
    ['passphrase = " a "', [["passphrase", " a "]]],
    ["post-up-script = /opt/my scripts/up.sh", [["post-up-script", "/opt/my scripts/up.sh"]]],
  ])("%j", (text, expected) => {
    expect(pairs(text, quoting)).toEqual(expected);
  });

  it.each<[string, string]>([
    ["nope 5", "FILE:1: nope: unknown option"],
    ["type tun\n\n# x\nmux", "FILE:4: mux: a value is missing"],
    ["mux -1", 'FILE:1: mux -1: a value cannot begin with "-"; write --mux=VALUE'],
    ["nodaemonize=yes", "FILE:1: nodaemonize: takes no value"],
    ["mux = 5 6", "FILE:1: mux: more than one word; expected one"],
    [
      "passphrase hunter2 hunter2",
      "FILE:1: passphrase: more than one word; write passphrase = VALUE for a value with blanks",
    ],
    ["nodaemonize x", "FILE:1: x: unexpected word; options begin with -"],
    ['passphrase = "hunter2', "FILE:1: passphrase: the closing quote is missing"],
    ["passphrase = 'hunter2' hunter2", "FILE:1: passphrase: something follows the closing quote"],
    [String.raw`passphrase = "\n"`, String.raw`FILE:1: passphrase: a \ must be written as \\, and " as \"`],
    ["passphrase = # c", 'FILE:1: passphrase: a value is missing behind =; write "" for an empty one'],
    ["ifconfig 192.0.2.1", "FILE:1: ifconfig 192.0.2.1: expected ADDRESS/LENGTH"],
    ["log stdout", "FILE:1: log stdout: expected TARGET:LEVEL[,PARAMETER,..]"],
    ["help", "FILE:1: help: not in a file"],
    ["version", "FILE:1: version: not in a file"],
    ["config-dir /etc/anytun office", "FILE:1: config-dir: not in a file"],
    ["mux 5\0", "FILE:1: a zero byte; expected text"],
  ])("refused with its place: %j", (text, expected) => {
    expect(refusal(text, quoting)).toBe(expected);
  });
});

describe("quotes and backslashes of the first form", () => {
  it.each<[string, string, string | undefined]>([
    ['passphrase "ab"', '"ab"', "ab"],
    ["passphrase don't", "don't", undefined],
    [String.raw`passphrase back\slash`, String.raw`back\slash`, "backslash"],
    [String.raw`passphrase a\ b`, "", "a b"],
    ['passphrase "a b"', "", "a b"],
    ["passphrase 'a'\"b\"", "'a'\"b\"", "ab"],
  ])("%j is %j in config and %j in conf.d, as always", (text, inConfig, inClient) => {
    if (inConfig === "") expect(refusal(text)).toContain("more than one word; write passphrase = VALUE");
    else expect(pairs(text)).toEqual([["passphrase", inConfig]]);
    if (inClient === undefined)
      expect(refusal(text, "xargs")).toBe("FILE:1: a quote is not closed; write name = VALUE instead");
    else expect(pairs(text, "xargs")).toEqual([["passphrase", inClient]]);
  });
});

describe("warnings, never with a secret in them", () => {
  it.each<[string, Quoting, string[]]>([
    [
      "passphrase foo#bar",
      "literal",
      ["FILE:1: passphrase: the value ends before the #; write name = VALUE to keep it"],
    ],
    ["passphrase foo # bar", "literal", []],
    [
      'passphrase "ab"',
      "literal",
      ['FILE:1: passphrase: the quotes are part of the value; write name = "VALUE" to have them taken away'],
    ],
    ['passphrase "ab"', "xargs", []],
    [
      "mux 5\npassphrase a\\b",
      "xargs",
      ["FILE:2: passphrase: the backslash only quotes the next character; write name = VALUE to keep it"],
    ],
    ["passphrase secret\r\n", "literal", ["FILE: line ends of DOS: the carriage returns are not part of the values"]],
    ["# only a comment\r\n", "literal", []],
    ['passphrase = "a#b"', "literal", []],
  ])("%j (%s)", (text, quoting, expected) => {
    expect(warnings(text, quoting)).toEqual(expected);
  });

  it("tells when everybody can read a secret", () => {
    const text = `${PATH}: everybody can read the secret in it; expected mode 0600 or 0640`;
    expect(parse("passphrase x", "literal", 0o644).notes).toEqual([{ level: 2, text }]);
    expect(parse("passphrase x", "literal", 0o640).notes).toEqual([]);
    expect(parse("mux 5", "literal", 0o644).notes).toEqual([]);
  });
});

it("keeps the bytes of a passphrase that is not UTF-8", () => {
  const [arg] = parse(Buffer.from("passphrase Gr\xfc\xdfe\n", "latin1")).args;
  expect(Buffer.from(arg?.bytes ?? []).toString("latin1")).toBe("Gr\xfc\xdfe");
});

it("looks for files of secrets beside itself", () => {
  expect(pairs("key-file tunnel.key\npassphrase-file /run/secret\nchroot jail")).toEqual([
    ["key-file", "/etc/anytun/office/tunnel.key"],
    ["passphrase-file", "/run/secret"],
    ["chroot", "jail"],
  ]);
});

it("gives every argument its place", () => {
  expect(parse("\nmux 5\nrole = left").args.map(({ typed, index }) => [typed, index])).toEqual([
    [`${PATH}:2: mux`, -1],
    [`${PATH}:3: role`, -1],
  ]);
});

it("reads back every value that the form with quotes can say, and fails in no other way than with a place", () => {
  const quote = (value: string): string => `"${value.replace(/["\\]/g, "\\$&")}"`;
  const line = fc.string({ unit: "binary" }).filter((text) => !/[\n\0]/.test(text) && !/[\ud800-\udfff]/.test(text));
  fc.assert(
    fc.property(line, (value) => {
      for (const quoting of BOTH)
        expect(pairs(`passphrase = ${quote(value)}`, quoting)).toEqual([["passphrase", value]]);
    }),
  );
  const name = fc.constantFrom(...Object.keys(optionTable), "nope");
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.constantFrom(" ", "=", " = "), fc.string())), (parts) => {
      const text = parts.map((part) => part.join("")).join("\n");
      for (const quoting of BOTH) {
        try {
          parse(text, quoting);
        } catch (error) {
          expect(error instanceof AnytunError ? error.message : error).toMatch(/^\/etc\/anytun\/office\/config:\d+: /);
        }
      }
    }),
  );
});
