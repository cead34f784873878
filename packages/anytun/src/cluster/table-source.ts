/** Reads the file of anytun-controld, and notices when it is another one. */
import { type BigIntStats, closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { errorText } from "../error-text.ts";
import { AnytunError, quoted } from "../errors.ts";

/** 50 times a table of 10,000 connections and 50,000 routes. */
const MAX_BYTES = 256 * 1024 * 1024;
const FIRST_BYTES = 65_536;
const OTHERS_READ = 0o004n;
const OTHERS_ENTER = 0o001n;

export interface TableSource {
  /** @throws AnytunError `start` that names the file */
  read(): Uint8Array;
  /** Tells one state of the file from another; undefined while there is none, or for something that is read once. */
  stamp(): string | undefined;
  /** Whether any user of this host can read it, as far as its own mode and that of its directory say. */
  isOpenToAll(): boolean;
}

/** How the file is reached; after the daemon gave up its rights still from outside. */
export interface TableFiles {
  /** For reading; the caller closes the descriptor. @throws Error of the system */
  open(path: string): number;
  /** Undefined while there is none. */
  stat(path: string): BigIntStats | undefined;
}

const directly: TableFiles = {
  open: (path) => openSync(path, "r"),
  stat: (path) => statSync(path, { throwIfNoEntry: false, bigint: true }),
};

/** A regular file, or a pipe, which can be read once. */
export function tableSource(path: string, files: TableFiles = directly): TableSource {
  return {
    read: () => {
      try {
        return readTable(path, files.open(path));
      } catch (error) {
        if (error instanceof AnytunError) throw error;
        throw new AnytunError("start", `-f ${quoted(path)}: unable to open file: ${errorText(error)}`, {
          cause: error,
        });
      }
    },
    stamp: () => {
      const found = files.stat(path);
      return found?.isFile() === true ? [found.dev, found.ino, found.size, found.mtimeNs].join(" ") : undefined;
    },
    isOpenToAll: () => {
      const [file, dir] = [files.stat(path), files.stat(dirname(path))];
      return ((file?.mode ?? 0n) & OTHERS_READ) !== 0n && ((dir?.mode ?? 0n) & OTHERS_ENTER) !== 0n;
    },
  };
}

function readTable(path: string, descriptor: number): Uint8Array {
  try {
    const found = fstatSync(descriptor);
    if (found.isDirectory() || found.isCharacterDevice() || found.isBlockDevice()) {
      throw new AnytunError("start", `-f ${quoted(path)}: expected a file, with lines as anytun-config prints them`);
    }
    return readAll(descriptor, path, found.isFile() ? found.size + 1 : FIRST_BYTES);
  } finally {
    closeSync(descriptor);
  }
}

function readAll(descriptor: number, path: string, expected: number): Uint8Array {
  let buffer = new Uint8Array(Math.min(expected, MAX_BYTES + 1));
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
    if (length > MAX_BYTES) throw new AnytunError("start", `-f ${quoted(path)}: longer than ${MAX_BYTES} bytes`);
    if (length === buffer.length) {
      const grown = new Uint8Array(Math.min(2 * length, MAX_BYTES + 1));
      grown.set(buffer);
      buffer = grown;
    }
  }
}
