/**
 * The original's command-line grammar (specification, section 1): options before or behind the argument, with `--`,
 * `-` or `+`, the value in the same word after `=` or in the next one, whatever that looks like; `--` ends them, `-`
 * alone is an argument. With POSIXLY_CORRECT set `+` is no option and the first word without a dash ends them.
 */
import { findOption, type Option, type OptionName, takesValue } from "./options.ts";

export interface Invocation {
  /** What was reached first of --help and --version; the rest of the line was not looked at. */
  readonly action: "run" | "help" | "version";
  /** One line for each word that cannot be used, in the original's words. */
  readonly mistakes: readonly string[];
  /** The last value of each option that was given; empty for switches. */
  readonly values: ReadonlyMap<OptionName, string>;
  /** Words that are no options. */
  readonly words: readonly string[];
}

export function parseArguments(line: readonly string[], isPosix: boolean): Invocation {
  const mistakes: string[] = [];
  const values = new Map<OptionName, string>();
  const words: string[] = [];
  const prefix = isPosix ? /^--?(?=.)/ : /^(--?|\+)(?=.)/;
  for (let index = 0; index < line.length; index++) {
    const word = line[index] ?? "";
    if (word === "--") return { action: "run", mistakes, values, words: [...words, ...line.slice(index + 1)] };
    if (!prefix.test(word)) {
      if (isPosix) return { action: "run", mistakes, values, words: line.slice(index) };
      words.push(word);
      continue;
    }
    const { spelling, joined } = taken(word.replace(prefix, ""));
    const option = findOption(spelling);
    if (option === undefined) {
      mistakes.push(`Unknown option: ${oneLine(spelling.toLowerCase())}`);
    } else if (!takesValue(option)) {
      if (joined !== undefined) mistakes.push(`Option ${option.name} does not take an argument`);
      else if (option.definition.acts !== undefined) return { action: option.definition.acts, mistakes, values, words };
      else values.set(option.name, "");
    } else {
      const value = joined ?? line[++index];
      const mistake = valueMistake(option, value, joined !== undefined);
      if (mistake !== undefined) mistakes.push(mistake);
      else values.set(option.name, value ?? "");
    }
  }
  return { action: "run", mistakes, values, words };
}

/** `name=value` apart. A word that begins with `=` has no name, and is one as a whole. */
function taken(text: string): { spelling: string; joined: string | undefined } {
  const equals = text.indexOf("=");
  if (equals <= 0) return { spelling: text, joined: undefined };
  return { spelling: text.slice(0, equals), joined: text.slice(equals + 1) };
}

function valueMistake(option: Option, value: string | undefined, isJoined: boolean): string | undefined {
  if (value === undefined || (isJoined && value === "")) return `Option ${option.name} requires an argument`;
  if (option.definition.number && !/^[+-]?\d+$/.test(value)) {
    return `Value "${oneLine(value)}" invalid for option ${option.name} (number expected)`;
  }
  return undefined;
}

/** Control characters cannot end the line or move the cursor of a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
}
