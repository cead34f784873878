import type { constants } from "node:os";

/**
 * Reasons that are not an errno of the kernel:
 * - `ERR_NO_BINDING`: no addon for this machine
 * - `ERR_ARGUMENT`: a value the caller passed cannot be right
 * - `ERR_CLOSED`: the object was closed or given to another thread
 * - `ERR_BATCH`: a row of a batch lies outside the arena, or the arena is too small
 * - `ERR_CRYPTO`: the crypto library failed
 * - `ERR_NETLINK`: the kernel's answer could not be understood
 */
export type TunNativeReason =
  | "ERR_NO_BINDING"
  | "ERR_ARGUMENT"
  | "ERR_CLOSED"
  | "ERR_BATCH"
  | "ERR_CRYPTO"
  | "ERR_NETLINK";

/** Names of Linux's error numbers that Node does not list. */
export type LinuxErrnoName = "EBADFD" | "ENONET" | "ENOTUNIQ" | "EREMCHG" | "ERFKILL" | "EUSERS";

/** Name of the kernel's errno, such as `EBUSY`; `EUNKNOWN` when the number has none here. */
export type ErrnoName = keyof typeof constants.errno | LinuxErrnoName | "EUNKNOWN";

export type TunNativeErrorCode = TunNativeReason | ErrnoName;

export interface TunNativeErrorParts {
  readonly code: TunNativeErrorCode;
  readonly message: string;
  readonly syscall?: string;
  readonly errno?: number;
  readonly object?: string;
  readonly cause?: unknown;
}

/** Every failure of this package. */
export class TunNativeError extends Error {
  override readonly name: string = "TunNativeError";
  readonly code: TunNativeErrorCode;
  /** The operation that failed, such as `ioctl(TUNSETIFF)`; undefined when no system call was involved. */
  readonly syscall: string | undefined;
  /** The kernel's positive error number, 0 when no system call was involved. */
  readonly errno: number;
  /** What it failed on: an interface, an address and port, a file. */
  readonly object: string | undefined;

  constructor(parts: TunNativeErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.syscall = parts.syscall;
    this.errno = parts.errno ?? 0;
    this.object = parts.object;
  }
}

/** An argument that cannot be right, named with its value. */
export function argumentError(name: string, value: unknown, expected: string): TunNativeError {
  return new TunNativeError({ code: "ERR_ARGUMENT", message: `${name} ${String(value)}: expected ${expected}` });
}

/** The object is closed, or its descriptor was given to another thread. */
export function closedError(object: string): TunNativeError {
  return new TunNativeError({ code: "ERR_CLOSED", message: `${object} is closed`, object });
}
