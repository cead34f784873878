/** Reads what belongs to a tunnel from a configuration directory. Parses nothing. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { errorCode, errorText } from "../error-text.ts";
import { AnytunError, quoted } from "../errors.ts";
import { LOG_WARNING } from "../log/level.ts";
import type { StartNote } from "./config.ts";
import { isBackupName, leftOut, type TunnelFiles } from "./tunnel-dir.ts";
import { MAX_FILE_BYTES, type OptionFile } from "./tunnel-file.ts";
import { type Autostart, parseAutostart } from "./tunnel-name.ts";

/** @throws AnytunError `usage` with the path when the tunnel has no readable config */
export function readTunnelFiles(configDir: string, name: string): TunnelFiles {
  const dir = resolve(configDir, name);
  const notes: StartNote[] = [];
  const config = readOptionFile(join(dir, "config"));
  const script = join(dir, "post-up.sh");
  return {
    dir,
    config,
    postUpScript: statSync(script, { throwIfNoEntry: false }) === undefined ? undefined : script,
    clients: readClients(join(dir, "conf.d"), notes),
    notes,
  };
}

/** Nothing is started without the file. @throws AnytunError `usage` when it is there and cannot be read */
export function readAutostart(configDir: string): Autostart {
  const path = resolve(configDir, "autostart");
  try {
    return parseAutostart(readFileSync(path, "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { names: [], refused: [] };
    throw unreadable(path, error);
  }
}

/** Every file but hidden ones and backups, in the order of their names. */
function readClients(dir: string, notes: StartNote[]): OptionFile[] | undefined {
  let names: string[];
  try {
    names = readdirSync(dir).sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw unreadable(dir, error);
  }
  const files: OptionFile[] = [];
  for (const name of names.filter((name) => !name.startsWith("."))) {
    const path = join(dir, name);
    if (isBackupName(name)) {
      notes.push({ level: LOG_WARNING, text: `${quoted(path)}: passed over, a backup by its name` });
      continue;
    }
    try {
      files.push(readOptionFile(path));
    } catch (error) {
      notes.push(leftOut(error));
    }
  }
  return files;
}

/** A file is judged by its descriptor, and opening waits for nobody. */
function readOptionFile(path: string): OptionFile {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new AnytunError("usage", `${quoted(path)}: expected a regular file`);
    if (found.size > MAX_FILE_BYTES)
      throw new AnytunError("usage", `${quoted(path)}: expected at most ${MAX_FILE_BYTES} bytes`);
    return { path, content: new Uint8Array(readFileSync(descriptor)), mode: found.mode & 0o7777 };
  } catch (error) {
    if (error instanceof AnytunError) throw error;
    throw unreadable(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function unreadable(path: string, error: unknown): AnytunError {
  return new AnytunError("usage", `${quoted(path)}: ${errorText(error)}`, { cause: error });
}
