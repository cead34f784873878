/**
 * The original's command-line grammar, exactly: no bundling, no abbreviations, no positional words; a value is the
 * next word and never begins with `-`; left to right, the first error wins, and -h and -v act when they are reached.
 * Ours in addition: `--name=value`, whose value may begin with `-`, and behind `--config-dir DIR` the name of a tunnel.
 */
import { checkTunnelName } from "../config/tunnel-name.ts";
import { quoted, UsageError } from "../errors.ts";
import { splitLogTarget } from "../log/target-spec.ts";
import { anytunOptions, type Option, type OptionName, type OptionSet, takesValue } from "./options.ts";

/** One option of the command line. */
export interface Argument {
  readonly name: OptionName;
  /** The option as typed, for error texts. */
  readonly typed: string;
  /** Empty for switches. */
  readonly value: string;
  /** Position of the word that holds the value (of the option itself for switches); -1 when it stood in a file. */
  readonly index: number;
  /** The value as bytes, of secrets that stood in a file. */
  readonly bytes?: Uint8Array;
}

/** A tunnel of a configuration directory, named on the command line. */
export interface TunnelReference {
  readonly dir: string;
  /** Absent = every tunnel that should be started by itself. */
  readonly name: string | undefined;
  /** How many arguments stand before it. */
  readonly at: number;
}

export type Invocation = { readonly action: "help" | "version" } | RunInvocation;

export interface RunInvocation {
  readonly action: "run";
  readonly args: readonly Argument[];
  readonly tunnel?: TunnelReference;
}

/**
 * @param words the command line without interpreter and script
 * @param known the options of the program
 * @throws UsageError for the first word that does not fit; never shows a secret
 */
export function parseArguments(words: readonly string[], known: OptionSet = anytunOptions): Invocation {
  const args: Argument[] = [];
  let tunnel: TunnelReference | undefined;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const joined = joinedValue(word);
    const typed = joined?.typed ?? word;
    const option = known.find(typed);
    if (option === undefined) throw unknownWord(known, word, index, args.at(-1));
    if (option.definition.acts !== undefined && joined === undefined) return { action: option.definition.acts };
    if (!takesValue(option)) {
      if (joined !== undefined) throw new UsageError(typed, undefined, "takes no value");
      args.push({ name: option.name, typed, value: "", index });
      continue;
    }
    const raw = joined === undefined ? nextValue(option, typed, words, ++index) : joined.value;
    const value = option.definition.whole ? raw : firstToken(raw);
    checkSyntax(option.name, typed, value);
    if (option.name === "config-dir") {
      if (tunnel !== undefined)
        throw new UsageError(typed, value, "a second one; expected one directory and one tunnel");
      const name = words[index + 1]?.startsWith("-") === false ? words[++index] : undefined;
      if (value === "")
        throw new UsageError(typed, value, "expected a directory, like /etc/anytun, and a tunnel in it");
      if (name !== undefined) checkTunnelName(typed, name);
      tunnel = { dir: value, name, at: args.length };
    } else args.push({ name: option.name, typed, value, index });
  }
  return tunnel === undefined ? { action: "run", args } : { action: "run", args, tunnel };
}

/**
 * Positions of the words that hold secrets. Looks only at the table and never fails, so that secrets are masked in the
 * process title even on a command line that is refused afterwards.
 */
export function secretWords(words: readonly string[], known: OptionSet = anytunOptions): number[] {
  const found: number[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const option = known.find(word);
    if (option === undefined) {
      // `--key-file=` begins like `--key`, but is an option of its own
      const joined = known.find(joinedValue(word)?.typed ?? word);
      if (joined === undefined ? gluedSecret(known, word) !== undefined : joined.definition.secret) found.push(index);
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

function unknownWord(known: OptionSet, word: string, index: number, previous: Argument | undefined): UsageError {
  const secret = gluedSecret(known, word);
  if (secret !== undefined) return new UsageError(secret, undefined, "the value must be a word of its own");
  if (word.startsWith("-")) {
    const name = joinedValue(word)?.typed ?? word;
    const glued = /^-[^-]./.test(word) && known.find(word.slice(0, 2)) !== undefined;
    return new UsageError(
      quoted(name),
      undefined,
      glued ? "unknown option (options cannot be joined)" : "unknown option",
    );
  }
  // an unquoted passphrase with a blank in it ends up here
  if (previous !== undefined && known.find(previous.typed)?.definition.secret) {
    return new UsageError(previous.typed, undefined, `a word that is no option follows the value (word ${index + 1})`);
  }
  return new UsageError(quoted(word), undefined, "unexpected word; options begin with -");
}

/** The option whose secret is written into the same word: `-Esecret`, `--passphrase=secret`. */
function gluedSecret(known: OptionSet, word: string): string | undefined {
  for (const { name, definition } of known.options) {
    if (!definition.secret) continue;
    const short = `-${definition.alias}`;
    const long = `--${name}`;
    if (word.startsWith(short) && word !== short) return short;
    if (word.startsWith(long) && word !== long) return long;
  }
  return undefined;
}
