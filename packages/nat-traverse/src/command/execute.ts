/** Runs words in place of this program: the search along PATH and the fallback to the shell of execvp(3). */
import type { CommandWords } from "./command-text.ts";

/** The search goes on behind these. */
const NOT_HERE: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ENODEV", "ESTALE", "ETIMEDOUT", "ENAMETOOLONG"]);
const DEFAULT_PATH = "/bin:/usr/bin";
const SHELL = Buffer.from("/bin/sh");
const SLASH = 0x2f;

/**
 * @param attempt such as `replaceProcess`
 * @returns the error of what should have run; of a search that found nothing `ENOENT`, or `EACCES` if there was
 * something that may not be run
 */
export function execute<E extends { readonly code: string }>(
  { program, args }: CommandWords,
  searchPath: string | undefined,
  attempt: (path: Uint8Array, args: readonly Uint8Array[]) => E,
): E {
  if (program.includes(SLASH)) return attemptFile(program, args, attempt);
  let denied: E | undefined;
  let last: E | undefined;
  for (const folder of (searchPath ?? DEFAULT_PATH).split(":")) {
    const path = Buffer.concat([Buffer.from(folder === "" ? "." : folder), Buffer.of(SLASH), program]);
    last = attemptFile(path, args, attempt);
    if (last.code === "EACCES") denied ??= last;
    else if (!NOT_HERE.has(last.code)) return last;
  }
  return denied ?? last ?? attemptFile(program, args, attempt);
}

/** A file that the kernel cannot run is a script without a first line that says whose. */
function attemptFile<E extends { readonly code: string }>(
  path: Uint8Array,
  args: readonly Uint8Array[],
  attempt: (path: Uint8Array, args: readonly Uint8Array[]) => E,
): E {
  const failure = attempt(path, args);
  if (failure.code !== "ENOEXEC") return failure;
  return attempt(SHELL, [Buffer.from("sh"), path, ...args.slice(1)]);
}
