/**
 * Files that hold secrets. A file is opened once and judged by its descriptor, so that nobody can put another one in its
 * place between the check and the reading. Content never becomes part of an error.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { errorCode, errorText } from "../error-text.ts";
import { UsageError } from "../errors.ts";

/** Far above any passphrase or key: a path that was mixed up ends here and not in memory. */
const MAX_BYTES = 65_536;

/** Reading and writing by others, writing by the group. A group may read: that is how a service gets at a file of root. */
const SHARED_BITS = 0o027;

/** A file of systemd's credentials directory. */
export interface Credential {
  readonly path: string;
  readonly content: Uint8Array;
}

/**
 * Reads a regular file or a pipe (process substitution) that nobody else can read or change.
 * @param option as typed, for the error text
 * @throws UsageError with the path, what was found and what was expected
 */
export function readSecretFile(option: string, path: string): Uint8Array {
  return read(option, path, true);
}

/**
 * Reads a credential of the service. Its mode is systemd's business.
 * @param directory the variable CREDENTIALS_DIRECTORY
 * @returns undefined when the service has none of this name
 * @throws UsageError when there is one that cannot be used
 */
export function readCredential(directory: string | undefined, name: string): Credential | undefined {
  if (directory === undefined || !isAbsolute(directory)) return undefined;
  const path = join(directory, name);
  try {
    return { path, content: read("credential", path, false) };
  } catch (error) {
    if (error instanceof UsageError && errorCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}

/** The mode as chmod(1) takes it, when it lets others at the file. */
export function sharedMode(mode: number): string | undefined {
  return (mode & SHARED_BITS) === 0 ? undefined : (mode & 0o7777).toString(8).padStart(4, "0");
}

function read(option: string, path: string, checkMode: boolean): Uint8Array {
  let descriptor: number | undefined;
  try {
    // a terminal must not become the daemon's
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOCTTY);
    const found = fstatSync(descriptor);
    if (!found.isFile() && !found.isFIFO()) throw new UsageError(option, path, "expected a regular file or a pipe");
    const shared = checkMode ? sharedMode(found.mode) : undefined;
    if (shared !== undefined) {
      throw new UsageError(option, path, `mode ${shared} lets others at the secret; expected 0600 or 0640`);
    }
    return readAll(descriptor, option, path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(option, path, `${errorText(error)}; expected a readable file`, { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readAll(descriptor: number, option: string, path: string): Uint8Array {
  const buffer = new Uint8Array(MAX_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
  }
  throw new UsageError(option, path, `expected at most ${MAX_BYTES} bytes`);
}
