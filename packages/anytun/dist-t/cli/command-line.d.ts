/** The process's command line as bytes: what `process.argv`, which is text, cannot say. */
import type { Argument } from "./arguments.ts";
/** Words of the content of /proc/self/cmdline; each ends with a zero byte. */
export declare function splitCommandLine(content: Uint8Array): Uint8Array[];
/**
 * The bytes of an argument's value. Text that is not UTF-8 has lost them and is looked up in the process's own words:
 * a passphrase is bytes, in whatever encoding the terminal has.
 * @param raw the words behind the script's name, as typed
 */
export declare function argumentBytes(arg: Argument, raw: readonly Uint8Array[]): Uint8Array;
