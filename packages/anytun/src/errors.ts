/** The package's error class. Anything a user can cause has a message that stands alone in one line. */

/**
 * - `usage`: the command line cannot be used; nothing was started
 * - `log`: a log target cannot be opened
 * - `state`: the sequence store cannot be read or written
 * - `sequence-exhausted`: the key has no unused sequence numbers left
 * - `start`: another step of the start failed
 */
export type AnytunErrorCode = "usage" | "log" | "state" | "sequence-exhausted" | "start";

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
  constructor(option: string, value: string | undefined, expected: string) {
    super("usage", `${option}${value === undefined ? "" : ` ${quoted(value)}`}: ${expected}`);
    this.name = "UsageError";
  }
}

/** Values that would be unreadable bare are put into quotes, so that the line stays one line. */
function quoted(value: string): string {
  return /^[!-~]+$/.test(value) ? value : JSON.stringify(value);
}
