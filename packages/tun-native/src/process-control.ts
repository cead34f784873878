import { argumentError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { check } from "./system-error.ts";

/**
 * Overwrites words of this process's command line, as `ps` and /proc/<pid>/cmdline show it, with `#` of equal
 * length. Words count from 0 over the whole line: node, its own options, the script, then the script's arguments.
 * `process.argv` keeps its values; what was readable before this call may have been read.
 * @returns how many words were found
 * @throws TunNativeError when /proc is not there or hides the place
 */
export function maskArguments(indices: readonly number[]): number {
  return check(loadBinding().maskArguments(Int32Array.from(indices)), "mask", "/proc/self/cmdline");
}

/** Sets the calling thread's name (/proc/<pid>/comm for the main thread); at most 15 bytes. */
export function setProcessName(name: string): void {
  if (Buffer.byteLength(name) > 15) throw argumentError("name", JSON.stringify(name), "at most 15 bytes");
  check(loadBinding().setProcessName(name), "prctl(PR_SET_NAME)", name);
}
