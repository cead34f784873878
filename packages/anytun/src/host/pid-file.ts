/**
 * The file of `-P`: locked from before anything is opened, so that a second daemon cannot take it, and filled with the
 * number only when the tunnel is up. A file that a dead daemon left behind is taken over.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { lockFile } from "tun-native";
import { errorReason } from "../error-text.ts";
import { AnytunError } from "../errors.ts";

const { O_CREAT, O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;

export class PidFile {
  readonly path: string;
  readonly #fd: number;
  /** Whether a failed start takes it away again. */
  readonly #isNew: boolean;
  #isWritten = false;
  #isClosed = false;

  private constructor(path: string, fd: number, isNew: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#isNew = isNew;
  }

  /**
   * @param mode of a new file
   * @throws AnytunError `start` when it cannot be written or belongs to a daemon that lives
   */
  static claim(path: string, mode: number): PidFile {
    for (;;) {
      const file = PidFile.#tryClaim(path, mode);
      if (file !== undefined) return file;
    }
  }

  /** Undefined when its last owner took the file away just then. */
  static #tryClaim(path: string, mode: number): PidFile | undefined {
    const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
    let fd: number;
    try {
      fd = openSync(path, O_RDWR | O_CREAT | O_NOCTTY | O_NONBLOCK, mode);
    } catch (cause) {
      throw new AnytunError("start", `can't open pid file (${path}): ${errorReason(cause)}`, { cause });
    }
    try {
      if (!fstatSync(fd).isFile()) throw new AnytunError("start", `can't open pid file (${path}): not a regular file`);
      const pid = readPid(fd);
      if (!lockFile(fd) || (pid !== undefined && isTunnelDaemon(pid))) {
        const owner = pid === undefined ? "another daemon that is starting" : `process ${pid}, which is running`;
        throw new AnytunError("start", `pid file ${path} belongs to ${owner}`);
      }
      if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return new PidFile(path, fd, isNew);
      closeSync(fd);
      return undefined;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** The number, decimal, without a line end. @throws AnytunError `start` */
  write(pid: number): void {
    try {
      ftruncateSync(this.#fd);
      writeSync(this.#fd, `${pid}`, 0);
      this.#isWritten = true;
    } catch (cause) {
      throw new AnytunError("start", `can't write pid file (${this.path}): ${errorReason(cause)}`, { cause });
    }
  }

  /**
   * Takes the file away if it is still this one, or at least its content; a file that was there before a start that failed
   * stays as it was. Idempotent.
   * @param unlink removes a path
   */
  remove(unlink: (path: string) => void = unlinkSync): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#isWritten || this.#isNew) {
        ftruncateSync(this.#fd);
        // without a name it was taken away, and the one of this name is somebody else's
        if (fstatSync(this.#fd).nlink > 0) unlink(this.path);
      }
    } catch {
      // the directory may be closed to the user that the daemon runs as: an empty file misleads nobody
    } finally {
      closeSync(this.#fd);
    }
  }
}

function readPid(fd: number): number | undefined {
  const [digits] = /^\d+/.exec(readFileSync(fd, "utf8").trim()) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The originals hold no lock: their names tell. Numbers are used again, so a process of another name is no owner. */
function isTunnelDaemon(pid: number): boolean {
  try {
    // a dead process that nobody waited for (Z) owns nothing
    return /^\d+ \(u?anytun\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
