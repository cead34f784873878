/**
 * The file behind a sequence book: two copies of each record that are written in turn, so that the one before a torn
 * write survives. It stays open, and so outlives a chroot and a change of user. Several processes may share it.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import type { SequencePosition } from "./sequence-space.ts";
import {
  COPIES,
  copyOf,
  decodeRecord,
  encodeHead,
  encodeRecord,
  FILE_BYTES,
  isBlank,
  RECORD_BYTES,
  recordOffset,
  recordPlace,
  type StateRecord,
} from "./state-record.ts";

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const LOCK_WAIT_MS = 2_000;
const LOCK_POLL_MS = 2;

/** flock(2) without waiting. */
export interface FileLock {
  /** False when somebody else holds it. */
  lockFile(fd: number): boolean;
  unlockFile(fd: number): void;
}

/** The records of one transaction. */
export interface StateRecords {
  /** Undefined for a mux that was never used. */
  read(mux: number): StateRecord | undefined;
  /** Takes the place of what `read` gave. */
  write(mux: number, position: SequencePosition): void;
}

export class StateFile {
  readonly path: string;
  readonly #senderId: number;
  readonly #lock: FileLock;
  #fd: number;

  private constructor(path: string, fd: number, senderId: number, lock: FileLock) {
    this.path = path;
    this.#fd = fd;
    this.#senderId = senderId;
    this.#lock = lock;
  }

  /**
   * Opens the file of a sender id, or makes it.
   * @throws AnytunError `state` naming path, system call and errno
   */
  static open(dir: string, senderId: number, lock: FileLock): StateFile {
    const path = join(dir, `sender-${senderId}`);
    prepareDirectory(dir);
    const fd = openExisting(path) ?? create(dir, path, encodeHead(senderId));
    try {
      const stats = fstatSync(fd);
      checkPrivate(path, "file", stats, 0o600);
      const head = Buffer.alloc(RECORD_BYTES);
      attempt("read", path, () => readSync(fd, head, 0, RECORD_BYTES, 0));
      if (stats.size !== FILE_BYTES || !head.equals(encodeHead(senderId))) throw damaged(path);
      return new StateFile(path, fd, senderId, lock);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /**
   * Lets `change` read and write records and returns when what it wrote is on the disk. Nobody else's change comes in
   * between.
   * @throws AnytunError `state`; and whatever `change` throws. What was written until then counts: numbers are skipped.
   */
  update<T>(change: (records: StateRecords) => T): T {
    this.#takeLock();
    try {
      // nobody else changes a record meanwhile: each is read once
      const known = new Map<number, StateRecord | undefined>();
      const read = (mux: number): StateRecord | undefined => {
        if (!known.has(mux)) known.set(mux, this.#read(mux));
        return known.get(mux);
      };
      const result = change({
        read,
        write: (mux, { epoch, next }) => {
          const record = { generation: (read(mux)?.generation ?? 0) + 1, epoch, next };
          this.#write(mux, record);
          known.set(mux, record);
        },
      });
      attempt("fdatasync", this.path, () => fdatasyncSync(this.#fd));
      return result;
    } finally {
      this.#lock.unlockFile(this.#fd);
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #takeLock(): void {
    const deadline = performance.now() + LOCK_WAIT_MS;
    while (!this.#lock.lockFile(this.#fd)) {
      if (performance.now() > deadline) {
        throw new AnytunError("state", `state file ${this.path} is locked by another process for ${LOCK_WAIT_MS} ms`);
      }
      sleepSync(LOCK_POLL_MS);
    }
  }

  #read(mux: number): StateRecord | undefined {
    const place = recordPlace(this.#senderId, mux);
    let newest: StateRecord | undefined;
    let isUsed = false;
    for (const copy of COPIES) {
      const bytes = Buffer.alloc(RECORD_BYTES);
      attempt("read", this.path, () => readSync(this.#fd, bytes, 0, RECORD_BYTES, recordOffset(mux, copy)));
      if (isBlank(bytes)) continue;
      isUsed = true;
      const record = decodeRecord(bytes, place);
      if (record !== undefined && (newest === undefined || record.generation > newest.generation)) newest = record;
    }
    // it could begin anywhere and repeat numbers: the choice is not ours
    if (isUsed && newest === undefined) throw damaged(this.path);
    return newest;
  }

  #write(mux: number, record: StateRecord): void {
    const bytes = encodeRecord(record, recordPlace(this.#senderId, mux));
    const offset = recordOffset(mux, copyOf(record.generation));
    const written = attempt("write", this.path, () => writeSync(this.#fd, bytes, 0, RECORD_BYTES, offset));
    if (written !== RECORD_BYTES)
      throw new AnytunError("state", `state file ${this.path}: write: no space for a record`);
  }
}

function damaged(path: string): AnytunError {
  const advice = "use new keys or another --sender-id, then remove the file";
  return new AnytunError("state", `state file ${path} is damaged: used sequence numbers are unknown; ${advice}`);
}

function prepareDirectory(dir: string): void {
  attempt("mkdir", dir, () => makeDirectory(dir));
  const look = (): Stats => attempt("stat", dir, () => statSync(dir));
  if (isNewVolume(dir, look())) attempt("chmod", dir, () => chmodSync(dir, 0o700));
  checkPrivate(dir, "directory", look(), 0o700);
}

/** Ours, empty, and nobody else could write there: so a container's new volume comes, which others may read. */
function isNewVolume(dir: string, stats: Stats): boolean {
  if (!stats.isDirectory() || stats.uid !== process.geteuid?.()) return false;
  if ((stats.mode & OTHERS) === 0 || (stats.mode & OTHERS_WRITE) !== 0) return false;
  return attempt("readdir", dir, () => readdirSync(dir)).every((name) => name === "lost+found");
}

/** Node's own recursive mkdir never returns where a parent exists and still nothing can be made, as in /proc. */
function makeDirectory(dir: string): void {
  try {
    makeOneDirectory(dir);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    makeDirectory(dirname(dir));
    makeOneDirectory(dir);
  }
}

function makeOneDirectory(dir: string): void {
  try {
    mkdirSync(dir, 0o700);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

/** Whoever can write there can make key streams repeat. */
function checkPrivate(path: string, what: "file" | "directory", stats: Stats, mode: number): void {
  const kindFits = what === "file" ? stats.isFile() : stats.isDirectory();
  if (!kindFits)
    throw new AnytunError("state", `state ${what} ${path} is not a ${what}; choose another with --state-dir`);
  const owner = process.geteuid?.();
  if (owner !== undefined && stats.uid !== owner) {
    const text = `state ${what} ${path} belongs to user ${stats.uid}, expected ${owner}`;
    throw new AnytunError("state", `${text}; choose another place with --state-dir`);
  }
  if ((stats.mode & OTHERS) !== 0) {
    const text = `state ${what} ${path} has mode 0${(stats.mode & 0o777).toString(8)}, expected 0${mode.toString(8)}`;
    throw new AnytunError("state", `${text}: others must not have access; or choose another place with --state-dir`);
  }
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw stateError("open", path, error);
  }
}

/** The file appears under its name only when it is complete and on the disk; whoever is second takes the first one's. */
function create(dir: string, path: string, head: Buffer): number {
  const temporary = join(dir, `.new-${randomBytes(8).toString("hex")}`);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  const fd = attempt("open", temporary, () => openSync(temporary, flags, 0o600));
  try {
    const written = attempt("write", temporary, () => writeSync(fd, head));
    if (written !== head.length) throw new AnytunError("state", `state file ${temporary}: write: no space for it`);
    // with holes: only what is used takes space
    attempt("ftruncate", temporary, () => ftruncateSync(fd, FILE_BYTES));
    attempt("fsync", temporary, () => fsyncSync(fd));
    linkSync(temporary, path);
  } catch (error) {
    closeSync(fd);
    if (errorCode(error) !== "EEXIST") throw error instanceof AnytunError ? error : stateError("link", path, error);
    const other = openExisting(path);
    if (other === undefined) throw stateError("open", path, error);
    return other;
  } finally {
    unlinkSync(temporary);
  }
  syncDirectory(dir);
  return fd;
}

function syncDirectory(dir: string): void {
  const fd = attempt("open", dir, () => openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    attempt("fsync", dir, () => fsyncSync(fd));
  } finally {
    closeSync(fd);
  }
}

function attempt<T>(syscall: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw stateError(syscall, path, error);
  }
}

function stateError(syscall: string, path: string, cause: unknown): AnytunError {
  const advice = "used sequence numbers must be kept; choose a place for them with --state-dir";
  return new AnytunError("state", `state file ${path}: ${syscall}: ${errorText(cause)}; ${advice}`, { cause });
}

/** Reservations are rare and must be over before they return, so waiting for the other holder blocks. */
function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
