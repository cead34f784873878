import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { frameText } from "satp-sync";
import { describe, expect, it } from "vitest";
import { parseTableFile } from "../../src/cluster/table-file.ts";
import { tableSource } from "../../src/cluster/table-source.ts";
import { scratchDir } from "../support/scratch.ts";
import { syncVectors } from "../support/sync-vectors.ts";

const parse = (text: string) => parseTableFile("table", Buffer.from(text, "latin1"));
const served = (text: string): string =>
  Buffer.concat(parse(text).entries.map(({ frames }) => frames)).toString("latin1");

const usable = syncVectors.config.filter(({ argv }) => {
  const words = argv.join(" ");
  return words.includes("-E") || (words.includes("-K") && words.includes("-A")) || words.includes("-k null");
});
const route = "00069 22 serialization::archive 18 0 0 5 route 0 0 0 0 8 0 0 0 8 10.0.0.0 7";

describe("a table file", () => {
  it("is served exactly as anytun-config wrote it", () => {
    const text = usable
      .filter(({ id }) => !["config-041", "config-042"].includes(id))
      .map(({ stdout }) => stdout)
      .join("");
    expect(served(text)).toBe(text.replaceAll("\n", ""));
  });

  it("may have blank lines, several frames a line, line ends of DOS, and blanks behind", () => {
    expect(served(`\n${route}${route}\r\n   \n${route}  \n`)).toBe(route.repeat(3));
    expect(parse("")).toEqual({ entries: [], split: [] });
  });

  it("keeps unusual spellings that originals read", () => {
    const unusual = route.replace("00069 ", "69   X");
    expect(served(unusual)).toBe(unusual);
  });

  it("has prefixes that stop originals served in parts", () => {
    const text = frameText("22 serialization::archive 18 0 0 5 route 0 0 0 0 7 0 0 1 6 fe00:: 7");
    expect(parse(`${route}\n${text}\n`).split).toEqual([2]);
    expect(served(text).match(/route/g)).toHaveLength(2);
  });

  const [first = ""] = usable.map(({ stdout }) => stdout.trimEnd());
  it.each([
    [
      "usage text",
      `${first}\nUSAGE:\nanytun-config\n`,
      /^table:2: input stream error; expected lines as anytun-config prints/,
    ],
    ["a comment", `# comment\n${first}`, /^table:1: /],
    ["half a frame", `${first}\n${first.slice(0, -10)}\n`, /^table:2: no whole frame; expected lines/],
    ["a frame over two lines", route.replace(" 0 0 5", "\n0 0 5"), /^table:1: no whole frame/],
    [
      "an address type that ends originals",
      route.replace("0 0 0 8 10", "0 0 7 8 10"),
      /^table:1: unknown address type/,
    ],
    ["a role of its own", first.replace(" 0 0 0 0 0 128", " 0 0 0 0 9 128"), /^table:1: cannot be used: role/],
    ["another command", "00040 22 serialization::archive 18 0 0 5 hello", /^table:1: a command of another kind/],
    ["no key", syncVectors.config[0]?.stdout ?? "", /^table:1: connection 0 has no key/],
    ["an Ethernet route", syncVectors.handmade[33]?.bytes ?? "", /^table:1: cannot be used: ethernet route/],
  ])("is refused for %s, with its line", (_, text, expected) => {
    expect(() => parse(text)).toThrow(expected);
  });
});

describe("the source", () => {
  it("refuses a directory, a device and what is not there", () => {
    const dir = scratchDir();
    expect(() => tableSource(dir).read()).toThrow(`-f ${dir}: expected a file`);
    expect(() => tableSource("/dev/zero").read()).toThrow("-f /dev/zero: expected a file");
    expect(() => tableSource(join(dir, "none")).read()).toThrow(/unable to open file: No such file or directory/);
    expect(tableSource(dir).stamp()).toBeUndefined();
    expect(tableSource(join(dir, "none")).stamp()).toBeUndefined();
  });

  it.each([
    [0o644, 0o755, true],
    [0o640, 0o755, false],
    [0o600, 0o755, false],
    // as the launcher of Debian has it
    [0o644, 0o700, false],
  ])("knows whether everybody can read it: mode %o in a directory of %o", (mode, dirMode, isOpen) => {
    const dir = scratchDir();
    const path = join(dir, "table");
    writeFileSync(path, "a");
    chmodSync(path, mode);
    chmodSync(dir, dirMode);
    expect(tableSource(path).isOpenToAll()).toBe(isOpen);
    expect(tableSource(join(dir, "none")).isOpenToAll()).toBe(false);
  });

  it("tells a changed file from the one before", () => {
    const path = join(scratchDir(), "table");
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, "a");
    const source = tableSource(path);
    const before = source.stamp();
    expect(source.stamp()).toBe(before);
    writeFileSync(path, "ab");
    expect(source.stamp()).not.toBe(before);
    expect(Buffer.from(source.read()).toString()).toBe("ab");
  });
});
