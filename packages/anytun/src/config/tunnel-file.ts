/** A file of options, `config` or one in `conf.d` → arguments that know where they stand. */
import { dirname, resolve } from "node:path";
import { type Argument, parseArguments } from "../cli/arguments.ts";
import { findOption, type OptionName } from "../cli/options.ts";
import { errorText } from "../error-text.ts";
import { AnytunError, quoted } from "../errors.ts";
import { LOG_WARNING } from "../log/level.ts";
import type { StartNote } from "./config.ts";
import { type LineWords, type Quoting, splitLine } from "./tunnel-line.ts";

/** Far above any configuration: a path that was mixed up ends here and not in memory. */
export const MAX_FILE_BYTES = 1_048_576;

export interface OptionFile {
  readonly path: string;
  readonly content: Uint8Array;
  /** Permission bits; absent where they say nothing (a pipe). */
  readonly mode?: number;
}

export interface FileArguments {
  readonly args: readonly Argument[];
  /** Warnings with file and line, for the log. */
  readonly notes: readonly StartNote[];
}

/** New options, so that nothing old depends on the directory in which the daemon was started. */
const PATHS_BESIDE_THE_FILE: ReadonlySet<OptionName> = new Set(["key-file", "passphrase-file"]);

/**
 * @param base relative paths of secrets are looked up here; default: the file's directory
 * @throws AnytunError `usage`, `PATH:LINE: what is wrong`; never shows a secret
 */
export function parseOptionFile(file: OptionFile, quoting: Quoting, base: string = dirname(file.path)): FileArguments {
  const args: Argument[] = [];
  const notes: StartNote[] = [];
  const warn = (place: string, text: string): void =>
    void notes.push({ level: LOG_WARNING, text: `${place}: ${text}` });
  let hasSecret = false;
  let isDos = false;
  // one character a byte, so that a passphrase in any encoding stays what it is
  for (const [index, line] of Buffer.from(file.content).toString("latin1").split("\n").entries()) {
    const place = `${quoted(file.path)}:${index + 1}`;
    const found = parseLine(line, quoting, place);
    if (found === undefined) continue;
    isDos ||= line.endsWith("\r");
    for (const arg of found.args) {
      hasSecret ||= findOption(`--${arg.name}`)?.definition.secret ?? false;
      args.push(located(arg, place, base));
    }
    const [first] = found.args;
    if (first !== undefined) for (const doubt of found.doubts) warn(place, `${first.name}: ${doubt}`);
  }
  if (isDos) warn(quoted(file.path), "line ends of DOS: the carriage returns are not part of the values");
  if (hasSecret && ((file.mode ?? 0) & 0o004) !== 0) {
    warn(quoted(file.path), "everybody can read the secret in it; expected mode 0600 or 0640");
  }
  return { args, notes };
}

function parseLine(
  line: string,
  quoting: Quoting,
  place: string,
): (LineWords & { args: readonly Argument[] }) | undefined {
  try {
    const split = splitLine(line, quoting);
    if (split === undefined) return undefined;
    const args = parseWords(split.words);
    return { ...split, args };
  } catch (error) {
    // a line names its option without dashes
    throw new AnytunError("usage", `${place}: ${errorText(error).replace(/^--(?=\w)/, "")}`, { cause: error });
  }
}

function parseWords(words: readonly string[]): readonly Argument[] {
  const [first = "", value, next] = words;
  const [typed = "", assigned] = first.split(/=(.*)/s);
  const option = findOption(typed);
  if (option?.name === "config-dir") throw new Error("config-dir: not in a file");
  if (option?.definition.type === "string") {
    if (assigned === undefined && value !== undefined && next?.startsWith("-") === false) {
      throw new Error(`${option.name}: more than one word; write ${option.name} = VALUE for a value with blanks`);
    }
    if (assigned !== undefined && !option.definition.whole && /\s/.test(assigned)) {
      throw new Error(`${option.name}: more than one word; expected one`);
    }
  }
  const invocation = parseArguments(words);
  if (invocation.action !== "run") throw new Error(`${invocation.action}: not in a file`);
  if (invocation.tunnel !== undefined) throw new Error("config-dir: not in a file");
  return invocation.args;
}

/** The argument as the file means it: in UTF-8, and in errors with its place. */
function located(arg: Argument, place: string, base: string): Argument {
  const bytes = new Uint8Array(Buffer.from(arg.value, "latin1"));
  const text = Buffer.from(bytes).toString("utf8");
  const value = PATHS_BESIDE_THE_FILE.has(arg.name) && text !== "" ? resolve(base, text) : text;
  return { name: arg.name, typed: `${place}: ${arg.name}`, value, index: -1, bytes };
}
