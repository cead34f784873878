import { expect, it } from "vitest";
import type { Argument } from "../../src/cli/arguments.ts";
import { argumentBytes, splitCommandLine } from "../../src/cli/command-line.ts";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

it.each<[string, string[]]>([
  ["", []],
  ["a\0", ["a"]],
  ["node\0script\0\0-E\0x y\0", ["node", "script", "", "-E", "x y"]],
  ["a\0cut", ["a", "cut"]],
])("splits %j into words", (content, words) => {
  expect(splitCommandLine(bytes(content))).toEqual(words.map(bytes));
});

const LATIN1 = "Gr\xfc\xdfe";
const DECODED = "Gr\ufffd\ufffde";

it.each<[string, Argument, string[], string]>([
  ["UTF-8", { name: "passphrase", typed: "-E", value: "Grüße", index: 1 }, [], "Gr\xc3\xbc\xc3\x9fe"],
  ["Latin-1", { name: "passphrase", typed: "-E", value: DECODED, index: 1 }, ["-E", LATIN1], LATIN1],
  [
    "Latin-1 behind an equals sign",
    { name: "passphrase", typed: "--passphrase", value: DECODED, index: 0 },
    [`--passphrase=${LATIN1}`],
    LATIN1,
  ],
  [
    "a real replacement character",
    { name: "passphrase", typed: "-E", value: "\ufffd", index: 0 },
    ["\xef\xbf\xbd"],
    "\xef\xbf\xbd",
  ],
])("keeps the bytes of a passphrase in %s", (_, arg, raw, expected) => {
  expect(argumentBytes(arg, raw.map(bytes))).toEqual(bytes(expected));
});
