/** The end of this program: the command takes its place, with the connected socket as standard input and output. */
import { becomeStandardStreams, openFilesLimit, replaceProcess, type TunNativeError } from "tun-native";
import type { CommandWords } from "./command-text.ts";
import { execute } from "./execute.ts";

/** What a shell gives its programs where nobody said otherwise. */
const USUAL_OPEN_FILES = 1_024;

/** @param descriptor the connected socket; becomes blocking. Nothing of this program may read from it any more */
export function redirect(descriptor: number): void {
  becomeStandardStreams(descriptor);
}

/** @param ignored numbers of signals that the command ignores. Returns only when it cannot be run. */
export function becomeCommand(command: CommandWords, ignored: readonly number[]): TunNativeError {
  const openFiles = openFilesBefore();
  return execute(command, process.env["PATH"], (path, args) => replaceProcess({ path, args, openFiles, ignored }));
}

/** Node raised the limit at its start; the parent has what was inherited, unless it is the first process of all. */
function openFilesBefore(): number {
  const limit = process.ppid > 1 ? openFilesLimit(process.ppid) : undefined;
  return limit ?? USUAL_OPEN_FILES;
}
