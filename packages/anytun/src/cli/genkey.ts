/** `anytun genkey`: a random key and salt as a key file. */
import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, fstatSync, fsyncSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_SUITE, type KdPrf, kdPrfByName, keyBytes, MASTER_SALT_BYTES } from "satp-core";
import { formatKeyFile } from "../config/key-file.ts";
import { sharedMode } from "../config/secret-file.ts";
import { errorText } from "../error-text.ts";
import { AnytunError, quoted, UsageError } from "../errors.ts";

const USAGE = `USAGE:
anytun genkey
   [-h|--help]                         show this list and end
   [-k|--kd-prf] <kd-prf>              what the key is for: aes-ctr-128, -192 or -256 (default: aes-ctr)
   [--output] <path>                   create this file, mode 0600, instead of writing to stdout
`;

const STDOUT = 1;

type Wish = { readonly action: "help" } | { readonly action: "make"; readonly kdPrf: KdPrf; readonly output?: string };

/**
 * Secrets go to stdout or into the file, never to stderr.
 * @param words behind `genkey`
 * @param tell shows lines to the person
 * @throws UsageError, AnytunError `start` when the key cannot be written
 */
export function genkey(words: readonly string[], tell: (text: string) => void): void {
  const wish = parseWish(words);
  if (wish.action === "help") {
    writeFileSync(STDOUT, USAGE);
    return;
  }
  const { kdPrf, output } = wish;
  const text = formatKeyFile(kdPrf, randomBytes(keyBytes(kdPrf)), randomBytes(MASTER_SALT_BYTES));
  if (output === undefined) {
    print(text, tell);
    return;
  }
  createFile(output, text);
  tell(instructions(kdPrf, quoted(resolve(output))));
}

function instructions(kdPrf: KdPrf, path: string): string {
  const use = `anytun -k ${kdPrf} --key-file ${path}`;
  return `wrote ${path}, the secret of one tunnel
   copy it to the other host   scp -p ${path} OTHER:${path}
   at one end                  ${use} -e left ...
   at the other                ${use} -e right ...
   at an original instead      the options that the file's line "options for an original" shows`;
}

function parseWish(words: readonly string[]): Wish {
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      help: { type: "boolean", short: "h" },
      "kd-prf": { type: "string", short: "k" },
      output: { type: "string" },
    },
    // what does not fit is told below, in our own words
    strict: false,
    tokens: true,
  });
  let kdPrf = DEFAULT_SUITE.kdPrf;
  let output: string | undefined;
  for (const token of tokens) {
    if (token.kind !== "option") {
      const word = token.kind === "positional" ? token.value : "--";
      throw new UsageError(`genkey ${quoted(word)}`, undefined, "unexpected word; options are -k, --output and -h");
    }
    const option = `genkey ${quoted(token.rawName)}`;
    if (token.name === "help" && token.value === undefined) return { action: "help" };
    if (token.name === "kd-prf") kdPrf = parseKdPrf(option, wordOf(option, token));
    else if (token.name === "output") output = parseOutput(option, wordOf(option, token));
    else throw new UsageError(option, undefined, "unknown option; options are -k, --output and -h");
  }
  return { action: "make", kdPrf, ...(output === undefined ? {} : { output }) };
}

interface OptionToken {
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function wordOf(option: string, { value, inlineValue }: OptionToken): string {
  if (value === undefined || (!inlineValue && value.startsWith("-"))) {
    throw new UsageError(option, undefined, "a value is missing");
  }
  return value;
}

function parseKdPrf(option: string, value: string): KdPrf {
  const kdPrf = kdPrfByName(value);
  if (kdPrf !== undefined && kdPrf !== "null") return kdPrf;
  throw new UsageError(option, value, "expected aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256");
}

function parseOutput(option: string, value: string): string {
  if (value === "") throw new UsageError(option, value, "expected the path of a new file");
  return value;
}

/** At once and whole: a shell redirects into a full disk as well, and an empty key file must not look like success. */
function print(text: string, tell: (text: string) => void): void {
  try {
    writeFileSync(STDOUT, text);
  } catch (error) {
    throw new AnytunError("start", `genkey: writing to stdout: ${errorText(error)}`, { cause: error });
  }
  const target = fstatSync(STDOUT);
  const shared = target.isFile() ? sharedMode(target.mode) : undefined;
  if (shared !== undefined)
    tell(`stdout is a file of mode ${shared}; --key-file refuses it until you chmod it to 0600`);
}

/** Never over an existing file, and never a half one. */
function createFile(path: string, text: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "wx", 0o600);
    // an unusual umask takes bits away
    fchmodSync(descriptor, 0o600);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } catch (error) {
    if (descriptor !== undefined) unlinkSync(path);
    throw new UsageError("genkey --output", path, `${errorText(error)}; expected the path of a new file`, {
      cause: error,
    });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
