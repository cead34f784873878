/**
 * The file behind a sequence store: two slots that are written in turn, so that the one before a torn write survives.
 * It stays open, and so outlives a chroot and a change of user. Several processes may share it.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, errorText } from "../error-text.js";
import { AnytunError } from "../errors.js";
import { decodeRecord, encodeRecord, RECORD_BYTES } from "./state-record.js";

/** Slots lie in different blocks of any disk: one torn write damages one of them. */
const SLOT_STRIDE = 4096;
const SLOTS = [0, 1];
const OTHERS = 0o077;
const LOCK_WAIT_MS = 2_000;
const LOCK_POLL_MS = 2;
export class StateFile {
  path;
  #fingerprint;
  #lock;
  #fd;
  constructor(path, fd, fingerprint, lock) {
    this.path = path;
    this.#fd = fd;
    this.#fingerprint = fingerprint;
    this.#lock = lock;
  }
  /**
   * Opens the file of this fingerprint, or makes it with `first` in it.
   * @throws AnytunError `state` naming path, system call and errno
   */
  static open(dir, fingerprint, first, lock) {
    const path = join(dir, fingerprint);
    prepareDirectory(dir);
    const fd = openExisting(path) ?? create(dir, path, encodeRecord({ generation: 0, ...first() }, fingerprint));
    try {
      checkPrivate(path, "file", fstatSync(fd), 0o600);
      const file = new StateFile(path, fd, fingerprint, lock);
      file.#read();
      return file;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
  /**
   * Reads the position, stores what `change` makes of it and returns when that is on the disk. Nobody else's change
   * comes in between.
   * @throws AnytunError `state`; and whatever `change` throws, with nothing stored
   */
  update(change) {
    this.#takeLock();
    try {
      const current = this.#read();
      const { next, result } = change(current);
      this.#write({ generation: current.generation + 1, epoch: next.epoch, next: next.next });
      return result;
    } finally {
      this.#lock.unlockFile(this.#fd);
    }
  }
  /** Idempotent. */
  close() {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }
  #takeLock() {
    const deadline = performance.now() + LOCK_WAIT_MS;
    while (!this.#lock.lockFile(this.#fd)) {
      if (performance.now() > deadline) {
        throw new AnytunError("state", `state file ${this.path} is locked by another process for ${LOCK_WAIT_MS} ms`);
      }
      sleepSync(LOCK_POLL_MS);
    }
  }
  #read() {
    let newest;
    for (const slot of SLOTS) {
      const bytes = Buffer.alloc(RECORD_BYTES);
      attempt("read", this.path, () => readSync(this.#fd, bytes, 0, RECORD_BYTES, slot * SLOT_STRIDE));
      const record = decodeRecord(bytes, this.#fingerprint);
      if (record !== undefined && (newest === undefined || record.generation > newest.generation)) newest = record;
    }
    if (newest !== undefined) return newest;
    // A new file could begin anywhere and repeat numbers: the choice is not ours.
    const advice = "use a new key or another --sender-id, then remove the file";
    throw new AnytunError("state", `state file ${this.path} is damaged: used sequence numbers are unknown; ${advice}`);
  }
  #write(record) {
    const bytes = encodeRecord(record, this.#fingerprint);
    const position = (record.generation % SLOTS.length) * SLOT_STRIDE;
    const written = attempt("write", this.path, () => writeSync(this.#fd, bytes, 0, RECORD_BYTES, position));
    if (written !== RECORD_BYTES)
      throw new AnytunError("state", `state file ${this.path}: write: no space for a record`);
    attempt("fdatasync", this.path, () => fdatasyncSync(this.#fd));
  }
}
function prepareDirectory(dir) {
  attempt("mkdir", dir, () => makeDirectory(dir));
  checkPrivate(
    dir,
    "directory",
    attempt("stat", dir, () => statSync(dir)),
    0o700,
  );
}
/** Node's own recursive mkdir never returns where a parent exists and still nothing can be made, as in /proc. */
function makeDirectory(dir) {
  try {
    makeOneDirectory(dir);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    makeDirectory(dirname(dir));
    makeOneDirectory(dir);
  }
}
function makeOneDirectory(dir) {
  try {
    mkdirSync(dir, 0o700);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}
/** The names of the files and what is in them are made from keys: nobody else may look or write. */
function checkPrivate(path, what, stats, mode) {
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
function openExisting(path) {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw stateError("open", path, error);
  }
}
/** The file appears under its name only when it is complete and on the disk; whoever is second takes the first one's. */
function create(dir, path, record) {
  const temporary = join(dir, `.new-${randomBytes(8).toString("hex")}`);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  const fd = attempt("open", temporary, () => openSync(temporary, flags, 0o600));
  try {
    const image = Buffer.alloc(SLOTS.length * SLOT_STRIDE);
    record.copy(image);
    const written = attempt("write", temporary, () => writeSync(fd, image));
    if (written !== image.length) throw new AnytunError("state", `state file ${temporary}: write: no space for it`);
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
function syncDirectory(dir) {
  const fd = attempt("open", dir, () => openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    attempt("fsync", dir, () => fsyncSync(fd));
  } finally {
    closeSync(fd);
  }
}
function attempt(syscall, path, call) {
  try {
    return call();
  } catch (error) {
    throw stateError(syscall, path, error);
  }
}
function stateError(syscall, path, cause) {
  const advice = "used sequence numbers must be kept; choose a place for them with --state-dir";
  return new AnytunError("state", `state file ${path}: ${syscall}: ${errorText(cause)}; ${advice}`, { cause });
}
/** Reservations are rare and must be over before they return, so waiting for the other holder blocks. */
function sleepSync(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
//# sourceMappingURL=state-file.js.map
