/** The package's error class. Anything a user can cause has a message that stands alone in one line. */
import type { Diagnosis } from "./hole-types.ts";

/**
 * - `usage`: the command line cannot be used; nothing was sent
 * - `name`: the peer's name has no address
 * - `socket`: the system gave no socket, or broke it; `cause` says why
 * - `timeout`: the peer was not reached in time, see {@link HoleTimeout}
 * - `aborted`: the caller's signal ended the attempt
 */
export type NatTraverseErrorCode = "usage" | "name" | "socket" | "timeout" | "aborted";

export class NatTraverseError extends Error {
  override readonly name: string = "NatTraverseError";
  readonly code: NatTraverseErrorCode;

  constructor(code: NatTraverseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** No hole in time, with what was seen meanwhile. */
export class HoleTimeout extends NatTraverseError {
  readonly diagnosis: Diagnosis;

  constructor(diagnosis: Diagnosis) {
    super("timeout", diagnosis.seen.join("; "));
    this.diagnosis = diagnosis;
  }
}

/** A word in one line and without surprises: everything but plain printable text is put into quotes and escaped. */
export function quoted(word: string): string {
  if (/^[!-~]+$/.test(word)) return word;
  return JSON.stringify(word).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
