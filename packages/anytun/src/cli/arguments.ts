/**
 * The original's command-line grammar, exactly: no bundling, no abbreviations, no positional words; a value is the
 * next word and never begins with `-`; left to right, the first error wins, and -h and -v act when they are reached.
 * Ours in addition: `--name=value`, whose value may begin with `-`.
 */
import { quoted, UsageError } from "../errors.ts";
import { splitLogTarget } from "../log/target-spec.ts";
import { findOption, type Option, type OptionName, options, takesValue } from "./options.ts";

/** One option of the command line. */
export interface Argument {
  readonly name: OptionName;
  /** The option as typed, for error texts. */
  readonly typed: string;
  /** Empty for switches. */
  readonly value: string;
  /** Position of the word that holds the value (of the option itself for switches). */
  readonly index: number;
}

export type Invocation =
  | { readonly action: "help" | "version" }
  | { readonly action: "run"; readonly args: readonly Argument[] };

/**
 * @param words the command line without interpreter and script
 * @throws UsageError for the first word that does not fit; never shows a secret
 */
export function parseArguments(words: readonly string[]): Invocation {
  const args: Argument[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const joined = joinedValue(word);
    const typed = joined?.typed ?? word;
    const option = findOption(typed);
    if (option === undefined) throw unknownWord(word, index, args.at(-1));
    if (option.definition.acts !== undefined && joined === undefined) return { action: option.definition.acts };
    if (!takesValue(option)) {
      if (joined !== undefined) throw new UsageError(typed, undefined, "takes no value");
      args.push({ name: option.name, typed, value: "", index });
      continue;
    }
    const raw = joined === undefined ? nextValue(option, typed, words, ++index) : joined.value;
    const value = option.definition.whole ? raw : firstToken(raw);
    checkSyntax(option.name, typed, value);
    args.push({ name: option.name, typed, value, index });
  }
  return { action: "run", args };
}

/**
 * Positions of the words that hold secrets. Looks only at the table and never fails, so that secrets are masked in the
 * process title even on a command line that is refused afterwards.
 */
export function secretWords(words: readonly string[]): number[] {
  const found: number[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const option = findOption(word);
    if (option === undefined) {
      // `--key-file=` begins like `--key`, but is an option of its own
      const joined = findOption(joinedValue(word)?.typed ?? word);
      if (joined === undefined ? gluedSecret(word) !== undefined : joined.definition.secret) found.push(index);
    } else if (takesValue(option)) {
      index++;
      if (option.definition.secret && index < words.length) found.push(index);
    }
  }
  return found;
}

function nextValue(option: Option, typed: string, words: readonly string[], index: number): string {
  const value = words[index];
  if (value === undefined) throw new UsageError(typed, undefined, "a value is missing");
  if (value.startsWith("-")) {
    const hint = `a value cannot begin with "-"; write --${option.name}=VALUE`;
    throw new UsageError(typed, option.definition.secret ? undefined : value, hint);
  }
  return value;
}

/** `--name=value` taken apart. Only long names have this form: `-x=value` stays one unknown word, as it always was. */
function joinedValue(word: string): { typed: string; value: string } | undefined {
  const equals = word.indexOf("=");
  if (equals < 0 || !word.startsWith("--")) return undefined;
  return { typed: word.slice(0, equals), value: word.slice(equals + 1) };
}

/** Leading blanks are skipped, the next blank ends the value. */
function firstToken(value: string): string {
  return value.match(/[^ \t\n\v\f\r]+/)?.[0] ?? "";
}

/** What the original refuses while it reads the word, so that an -h behind it does not hide the error. */
function checkSyntax(name: OptionName, typed: string, value: string): void {
  if (name === "log") splitLogTarget(typed, value);
  else if (name === "ifconfig" || name === "route") {
    for (const element of value.split(",")) {
      if (value !== "" && !element.includes("/")) throw new UsageError(typed, value, "expected ADDRESS/LENGTH");
    }
  }
}

function unknownWord(word: string, index: number, previous: Argument | undefined): UsageError {
  const secret = gluedSecret(word);
  if (secret !== undefined) return new UsageError(secret, undefined, "the value must be a word of its own");
  if (word.startsWith("-")) {
    const name = joinedValue(word)?.typed ?? word;
    const glued = /^-[^-]./.test(word) && findOption(word.slice(0, 2)) !== undefined;
    return new UsageError(
      quoted(name),
      undefined,
      glued ? "unknown option (options cannot be joined)" : "unknown option",
    );
  }
  // an unquoted passphrase with a blank in it ends up here
  if (previous !== undefined && findOption(previous.typed)?.definition.secret) {
    return new UsageError(previous.typed, undefined, `a word that is no option follows the value (word ${index + 1})`);
  }
  return new UsageError(quoted(word), undefined, "unexpected word; options begin with -");
}

/** The option whose secret is written into the same word: `-Esecret`, `--passphrase=secret`. */
function gluedSecret(word: string): string | undefined {
  for (const { name, definition } of options) {
    if (!definition.secret) continue;
    const short = `-${definition.alias}`;
    const long = `--${name}`;
    if (word.startsWith(short) && word !== short) return short;
    if (word.startsWith(long) && word !== long) return long;
  }
  return undefined;
}
