import { loadBinding } from "./load-binding.ts";
import { check, systemError } from "./system-error.ts";

const EAGAIN = 11;

/**
 * Takes the exclusive lock of an open file (flock(2)) without waiting. The lock belongs to the opened file: two
 * processes, or two openings in one process, exclude each other; it ends with `unlockFile` or the last close.
 * @returns false when somebody else holds it
 */
export function lockFile(fd: number): boolean {
  const result = loadBinding().lockFile(fd);
  if (result === -EAGAIN) return false;
  if (result < 0) throw systemError(result, "flock", `descriptor ${fd}`);
  return true;
}

/** Gives the lock back. */
export function unlockFile(fd: number): void {
  check(loadBinding().unlockFile(fd), "flock", `descriptor ${fd}`);
}
