/** The process's words as bytes: what `process.argv` and `process.env`, which are text, cannot say. */
import type { Argument } from "./arguments.ts";

/** Words of the content of /proc/self/cmdline or /proc/self/environ; each ends with a zero byte. */
export function splitCommandLine(content: Uint8Array): Uint8Array[] {
  const words: Uint8Array[] = [];
  for (let start = 0; start < content.length; ) {
    const zero = content.indexOf(0, start);
    const end = zero < 0 ? content.length : zero;
    words.push(content.slice(start, end));
    start = end + 1;
  }
  return words;
}

/** What the decoder puts where bytes are not UTF-8. */
export const REPLACEMENT = "\ufffd";

/**
 * The bytes of an argument's value. Text that is not UTF-8 has lost them and is looked up in the process's own words:
 * a passphrase is bytes, in whatever encoding the terminal has.
 * @param raw the words behind the script's name, as typed
 */
export function argumentBytes(arg: Argument, raw: readonly Uint8Array[]): Uint8Array {
  if (arg.bytes !== undefined) return arg.bytes;
  const word = raw[arg.index];
  if (word === undefined || !arg.value.includes(REPLACEMENT)) return new Uint8Array(Buffer.from(arg.value, "utf8"));
  const prefix = Buffer.from(`${arg.typed}=`);
  return Buffer.from(word.subarray(0, prefix.length)).equals(prefix) ? word.subarray(prefix.length) : word;
}
