/** The file of the status socket: a place that nobody answers at is taken over, one that is in use never. */
import { chmodSync, chownSync, closeSync, lstatSync, mkdirSync, openSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname } from "node:path";
import type { FileLock } from "../daemon/state-file.ts";
import { errorCode, errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";

const LOCK_WAIT_MS = 2_000;
const LOCK_POLL_MS = 5;
/** A daemon that is stopped has a backlog that is full at some time; it is alive all the same. */
const PROBE_MS = 1_000;

/**
 * Runs `bind` when nobody answers at the path, with whatever is left there from an earlier life removed. Daemons that
 * start at the same time take turns. The file that `bind` makes has mode 0600 from its first moment on.
 * @param gid of those who may connect besides the owner; a directory that is made for the socket lets them in
 * @returns false when a daemon answers there
 * @throws AnytunError `start` naming path, system call and errno
 */
export async function claimSocket(
  path: string,
  lock: FileLock,
  bind: () => Promise<void>,
  gid?: number,
): Promise<boolean> {
  const dir = dirname(path);
  const made = attempt("mkdir", dir, () => mkdirSync(dir, { recursive: true, mode: 0o700 }));
  if (made !== undefined && gid !== undefined) share(dir, 0o750, gid);
  const fd = attempt("open", dir, () => openSync(dir, "r"));
  try {
    await takeLock(fd, dir, lock);
    const found = attempt("lstat", path, () => lstatSync(path, { throwIfNoEntry: false }));
    if (found !== undefined) {
      if (!found.isSocket()) throw new AnytunError("start", `status socket ${path}: something else is there`);
      if (await isAnswered(path)) return false;
      attempt("unlink", path, () => unlinkSync(path));
    }
    await bindPrivately(bind);
    if (gid === undefined) attempt("chmod", path, () => chmodSync(path, 0o600));
    else share(path, 0o660, gid);
    return true;
  } finally {
    closeSync(fd);
  }
}

/** The group first: no other one may have the rights for a moment. */
function share(path: string, mode: number, gid: number): void {
  attempt("chown", path, () => chownSync(path, -1, gid));
  attempt("chmod", path, () => chmodSync(path, mode));
}

/** `tun0` of `/run/anytun/tun0.sock`. */
export function socketName(path: string): string {
  return basename(path).replace(/\.sock$/, "");
}

async function takeLock(fd: number, dir: string, lock: FileLock): Promise<void> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  while (!attempt("flock", dir, () => lock.lockFile(fd))) {
    if (performance.now() > deadline) throw new AnytunError("start", `${dir} is locked for ${LOCK_WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

/** bind(2) happens before the call returns, and the mask is set only as long. */
function bindPrivately(bind: () => Promise<void>): Promise<void> {
  const mask = process.umask(0o177);
  try {
    return bind();
  } finally {
    process.umask(mask);
  }
}

/** Whether somebody listens. Doubt counts as yes: what is alive must not be removed. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(PROBE_MS, () => done(true));
    socket.once("connect", () => done(true));
    socket.once("error", (error) => done(!["ECONNREFUSED", "ENOENT"].includes(errorCode(error) ?? "")));
  });
}

function attempt<T>(syscall: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new AnytunError("start", `status socket: ${syscall} ${path}: ${errorText(error)}`, { cause: error });
  }
}
