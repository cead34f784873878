import { describe, expect, it } from "vitest";
import { manPageText, parseManPage } from "../src/man/index.ts";

const OPTIONS = { date: "2026-01-02", source: "tool 1.2.3" };

function body(markdown: string): string[] {
  const text = manPageText(parseManPage(`# tool(8) - does it\n\n${markdown}\n`), OPTIONS);
  return text.trimEnd().split("\n").slice(3);
}

describe("a man page", () => {
  it("has its title, its name and one line about it", () => {
    expect(manPageText(parseManPage("# my-tool(8) - does it\n"), OPTIONS)).toBe(
      '.TH "MY-TOOL" "8" "2026-01-02" "tool 1.2.3"\n.SH NAME\nmy-tool \\- does it\n',
    );
  });

  it.each<[string, string[]]>([
    ["## See also\n\nText.", ['.SH "SEE ALSO"', "Text."]],
    ["## A\n\n### B c\n\nText.\n\nMore.", ['.SH "A"', '.SS "B c"', "Text.", ".PP", "More."]],
    ["`-x` **b** _word_ plain-text", [".PP", "\\fB\\-x\\fR \\fBb\\fR \\fIword\\fR plain-text"]],
    [".PP is no macro", [".PP", "\\&.PP is no macro"]],
    ["a `\\` and `it's`", [".PP", "a \\fB\\e\\fR and \\fBit\\(aqs\\fR"]],
    ["it's `a~b^c`", [".PP", "it\\(cqs \\fBa\\(tib\\(hac\\fR"]],
    ["a < b & c", [".PP", "a < b & c"]],
    ['`a < b & "c"`', [".PP", '\\fBa < b & "c"\\fR']],
    ["x ≥ 5 → y", [".PP", "x \\(>= 5 \\(-> y"]],
    ["one\ntwo", [".PP", "one two"]],
    ["* one\n* two `x`", [".IP \\(bu 3", "one", ".IP \\(bu 3", "two \\fBx\\fR"]],
    ["1. one\n2. two", ['.IP "1." 4', "one", '.IP "2." 4', "two"]],
    ["| a | b |\n|---|---|\n| `-x` _y_ | what it is |", [".TP", "\\fB\\-x\\fR \\fIy\\fR", "what it is"]],
    ["```\n.x -y\n  a\\b\n```", [".PP", ".RS 4", ".EX", "\\&.x \\-y", "  a\\eb", ".EE", ".RE"]],
    ["[anytun](docs/x.md) and [here](https://example.org/)", [".PP", "anytun and here <https://example.org/>"]],
  ])("%j", (markdown, expected) => {
    expect(body(markdown)).toEqual(expected);
  });

  it("breaks long lines at blanks, and a line that begins with a dot then is text still", () => {
    const lines = body(`${"word ".repeat(15)}.dot ${"word ".repeat(20)}`).slice(1);
    expect(lines.join(" ")).toBe(`${"word ".repeat(15)}\\&.dot ${"word ".repeat(19)}word`);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each([
    ["no title", "expected a first line"],
    ["# tool(8) - x\n\n<b>x</b>", "no rule for"],
    ["# tool(8) - x\n\n| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |", "two columns"],
    ["# tool(8) - x\n\n> quote", "no rule for blockquote"],
    ["# tool(8) - x\n\nsnow \u2603", "has no escape yet"],
  ])("is not built from what it would lose: %j", (markdown, expected) => {
    expect(() => manPageText(parseManPage(markdown), OPTIONS)).toThrow(expected);
  });
});
