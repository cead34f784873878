/** Becoming another program. The process keeps its number, parent, process group, environment and directory. */
import { argumentError, type TunNativeError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { check, systemError } from "./system-error.ts";

export interface NewImage {
  /** File to run; no search. */
  readonly path: Uint8Array;
  /** The words of its command line, its own name first. */
  readonly args: readonly Uint8Array[];
  /** Soft limit of open descriptors, if lower than now: Node raises its own as far as it may. */
  readonly openFiles?: number;
  /** Numbers of signals that it ignores; all others have their default dispositions. */
  readonly ignored?: readonly number[];
}

const LAST_SIGNAL = 64;

/**
 * Ignores signals in this process, by their numbers: Node sets all to their defaults when it starts, whatever `nohup` and
 * others wanted. @throws TunNativeError `ERR_ARGUMENT`, `EINVAL` for those that cannot be ignored
 */
export function ignoreSignals(numbers: readonly number[]): void {
  check(loadBinding().ignoreSignals(signalBytes(numbers)), "sigaction", `signals ${numbers.join(", ")}`);
}

/**
 * The descriptor becomes standard input and standard output too, and blocking. What was open there is closed. Nothing
 * of this process may read from it any more.
 */
export function becomeStandardStreams(fd: number): void {
  check(loadBinding().becomeStandardStreams(fd), "dup2", `descriptor ${fd}`);
}

/**
 * Replaces this process, with every thread of it, by another program: the standard streams stay, descriptors from 3 on are
 * closed, signals have their default dispositions or are ignored. Returns only when that failed; this program can then go on. Only from
 * the main thread.
 */
export function replaceProcess({ path, args, openFiles = -1, ignored = [] }: NewImage): TunNativeError {
  if (path.includes(0)) throw argumentError("path", JSON.stringify(text(path)), "no zero bytes");
  const zero = Uint8Array.of(0);
  const words = args.flatMap((word) => {
    if (word.includes(0)) throw argumentError("argument", JSON.stringify(text(word)), "no zero bytes");
    return [word, zero];
  });
  if (words.length === 0) throw argumentError("args", "[]", "the program's own name at least");
  const numbers = signalBytes(ignored);
  const result = loadBinding().replaceProcess(Buffer.concat([path, zero]), Buffer.concat(words), openFiles, numbers);
  return systemError(result, "execve", text(path));
}

/** Soft limit of open descriptors of another process; undefined when it is gone or somebody else's. */
export function openFilesLimit(pid: number): number | undefined {
  const result = loadBinding().openFilesLimit(pid);
  return result < 0 ? undefined : result;
}

function signalBytes(numbers: readonly number[]): Uint8Array {
  const wrong = numbers.find((number) => !Number.isInteger(number) || number < 1 || number > LAST_SIGNAL);
  if (wrong !== undefined) throw argumentError("signal", wrong, `a number from 1 to ${LAST_SIGNAL}`);
  return Uint8Array.from(numbers);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
