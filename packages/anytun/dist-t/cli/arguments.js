/**
 * The original's command-line grammar, exactly: no bundling, no abbreviations, no positional words; a value is the
 * next word and never begins with `-`; left to right, the first error wins, and -h and -v act when they are reached.
 * Ours in addition: `--name=value`, whose value may begin with `-`.
 */
import { quoted, UsageError } from "../errors.js";
import { splitLogTarget } from "../log/target-spec.js";
import { findOption, options, takesValue } from "./options.js";
/**
 * @param words the command line without interpreter and script
 * @throws UsageError for the first word that does not fit; never shows a secret
 */
export function parseArguments(words) {
  const args = [];
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
export function secretWords(words) {
  const found = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const option = findOption(word);
    if (option === undefined) {
      if (gluedSecret(word) !== undefined) found.push(index);
    } else if (takesValue(option)) {
      index++;
      if (option.definition.secret && index < words.length) found.push(index);
    }
  }
  return found;
}
function nextValue(option, typed, words, index) {
  const value = words[index];
  if (value === undefined) throw new UsageError(typed, undefined, "a value is missing");
  if (value.startsWith("-")) {
    const hint = `a value cannot begin with "-"; write --${option.name}=VALUE`;
    throw new UsageError(typed, option.definition.secret ? undefined : value, hint);
  }
  return value;
}
/** `--name=value` taken apart. Only long names have this form: `-x=value` stays one unknown word, as it always was. */
function joinedValue(word) {
  const equals = word.indexOf("=");
  if (equals < 0 || !word.startsWith("--")) return undefined;
  return { typed: word.slice(0, equals), value: word.slice(equals + 1) };
}
/** Leading blanks are skipped, the next blank ends the value. */
function firstToken(value) {
  return value.match(/[^ \t\n\v\f\r]+/)?.[0] ?? "";
}
/** What the original refuses while it reads the word, so that an -h behind it does not hide the error. */
function checkSyntax(name, typed, value) {
  if (name === "log") splitLogTarget(typed, value);
  else if (name === "ifconfig" || name === "route") {
    for (const element of value.split(",")) {
      if (value !== "" && !element.includes("/")) throw new UsageError(typed, value, "expected ADDRESS/LENGTH");
    }
  }
}
function unknownWord(word, index, previous) {
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
function gluedSecret(word) {
  for (const { name, definition } of options) {
    if (!definition.secret) continue;
    const short = `-${definition.alias}`;
    const long = `--${name}`;
    if (word.startsWith(short) && word !== short) return short;
    if (word.startsWith(long) && word !== long) return long;
  }
  return undefined;
}
//# sourceMappingURL=arguments.js.map
