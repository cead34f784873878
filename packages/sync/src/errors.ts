/** What a {@link SyncError} is about. Bad frames are never errors: they are values with a fault, and counted. */
export type SyncErrorCode =
  /** A value that the grammar of the protocol, or an original, cannot take; it is never written. */
  | "unwritable"
  /** The server cannot listen; `cause` has the errno. */
  | "listen"
  /** A certificate, key or authority that TLS cannot use. */
  | "tls";

/** Thrown for wrong arguments and failures of the system. */
export class SyncError extends Error {
  override readonly name: string = "SyncError";
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
