/** The package's error class. Anything a user can cause has a message that stands alone in one line. */

/**
 * - `usage`: the command line cannot be used; nothing was started
 * - `log`: a log target cannot be opened
 * - `state`: the sequence store cannot be read or written
 * - `sequence-exhausted`: the key has no unused sequence numbers left
 * - `connection`: a connection or a route cannot be used as it was described
 * - `start`: another step of the start failed
 */
export type AnytunErrorCode = "usage" | "log" | "state" | "sequence-exhausted" | "connection" | "start";

export class AnytunError extends Error {
  readonly code: AnytunErrorCode;

  constructor(code: AnytunErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AnytunError";
    this.code = code;
  }
}

/** A word of the command line that cannot be used: `OPTION VALUE: what was expected`. */
export class UsageError extends AnytunError {
  /**
   * @param option the option as typed, or the word itself
   * @param value its value; leave it out where it is a secret or where there is none
   */
  constructor(option: string, value: string | undefined, expected: string, options?: ErrorOptions) {
    super("usage", `${option}${value === undefined ? "" : ` ${quoted(value)}`}: ${expected}`, options);
    this.name = "UsageError";
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
