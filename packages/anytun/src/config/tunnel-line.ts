/**
 * One line of `config` or of a file in `conf.d`, taken apart into the words of a command line.
 *
 *     name value         as always: cut at the first #, split at blanks, further options may follow
 *     name = value       the rest of the line; a comment begins with a # after a blank
 *     name = "value"     what stands between the quotes, \" and \\ for these two; 'value' without exceptions
 *
 * Names are long options, with or without their dashes. The first form means what it always meant, also where that is
 * odd: in `config` quotes and backslashes are part of the value, in `conf.d` they quote, as xargs(1) read them. The form with =
 * was an error in both, so it is free to be better. Works on text of any encoding, one character a byte.
 */

/** How the first form treats quotes and backslashes. */
export type Quoting = "literal" | "xargs";

export interface LineWords {
  readonly words: readonly string[];
  /** Where a person may have meant something else than what the line says. */
  readonly doubts: readonly string[];
}

/** What is wrong with a line; the caller knows where it stands. */
export class LineError extends Error {}

/**
 * @param line without its end
 * @returns undefined for lines that say nothing
 * @throws LineError
 */
export function splitLine(line: string, quoting: Quoting): LineWords | undefined {
  const text = line.trim();
  if (text.includes("\0")) throw new LineError("a zero byte; expected text");
  const assigned = /^([-\w]*\w)(?:=\s*|\s+=\s+)(.*)$/s.exec(text);
  if (assigned !== null) {
    const [, name = "", rest = ""] = assigned;
    return { words: [`${dashed(name)}=${assignedValue(name, rest)}`], doubts: [] };
  }
  const cut = text.replace(/#.*$/s, "");
  // the original drops what has no word character in it
  if (!/\w/.test(cut)) return undefined;
  const [name = "", ...values] = quoting === "xargs" ? splitQuoted(cut) : cut.trim().split(/\s+/);
  return { words: [dashed(name), ...values], doubts: doubtsAbout(text, cut, quoting) };
}

/** A name as the command line takes it. */
function dashed(name: string): string {
  return name.startsWith("-") ? name : `--${name}`;
}

function assignedValue(name: string, rest: string): string {
  const [, double, single, after] = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')(.*)$/s.exec(rest) ?? [];
  const bare = rest.replace(/(^|\s)#.*$/s, "").trim();
  if (double === undefined && single === undefined) {
    if (/^["']/.test(rest)) throw new LineError(`${name}: the closing quote is missing`);
    if (bare === "") throw new LineError(`${name}: a value is missing behind =; write "" for an empty one`);
    return bare;
  }
  if (!/^\s*(#.*)?$/s.test(after ?? "")) throw new LineError(`${name}: something follows the closing quote`);
  if (double?.match(/\\./gs)?.some((pair) => !/["\\]$/.test(pair))) {
    throw new LineError(`${name}: a \\ must be written as \\\\, and " as \\"`);
  }
  return single ?? double?.replace(/\\(["\\])/g, "$1") ?? "";
}

/** Words as xargs(1) finds them: quotes of both kinds and backslashes outside of them. */
function splitQuoted(text: string): string[] {
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const [whole] = /^(?:"[^"]*"|'[^']*'|\\.|[^\s"'\\])+/s.exec(rest) ?? [""];
    const next = rest.slice(whole.length);
    if (next !== "" && !/^\s/.test(next)) throw new LineError("a quote is not closed; write name = VALUE instead");
    words.push(whole.replace(/"([^"]*)"|'([^']*)'|\\(.)/gs, "$1$2$3"));
    rest = next.trimStart();
  }
  return words;
}

function doubtsAbout(text: string, cut: string, quoting: Quoting): string[] {
  const doubts: string[] = [];
  if (/\S$/.test(cut) && cut !== text) doubts.push("the value ends before the #; write name = VALUE to keep it");
  if (quoting === "literal" && /["']/.test(cut)) {
    doubts.push('the quotes are part of the value; write name = "VALUE" to have them taken away');
  }
  if (quoting === "xargs" && cut.includes("\\")) {
    doubts.push("the backslash only quotes the next character; write name = VALUE to keep it");
  }
  return doubts;
}
