/**
 * Text to standard error, at once and in order. Not through process.stderr: that makes a pipe non-blocking for everybody
 * who has it open, the command that takes our place included.
 */
import { writeSync } from "node:fs";

const STDERR = 2;
/** Somebody made it non-blocking and its reader is slow: wait so long, so often. */
const FULL_MS = 5;
const ATTEMPTS = 400;

/** Whatever cannot be written is left out: nobody is there to be told. */
export function writeError(text: string, encoding: "utf8" | "latin1"): void {
  let bytes = Buffer.from(text, encoding);
  for (let attempt = 0; bytes.length > 0 && attempt < ATTEMPTS; attempt++) {
    try {
      bytes = bytes.subarray(writeSync(STDERR, bytes));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_MS);
    }
  }
}
