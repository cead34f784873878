import { constants } from "node:os";
import { type ErrnoName, TunNativeError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";

let names: ReadonlyMap<number, ErrnoName> | undefined;

/** Name of an errno, such as `EBUSY`. */
export function errnoName(errno: number): ErrnoName {
  names ??= collectNames();
  return names.get(errno) ?? "EUNKNOWN";
}

/** What strerror(3) says: `Device or resource busy`. */
export function errorText(errno: number): string {
  return loadBinding().errorText(errno);
}

/**
 * Error for a failed system call, such as `ioctl(TUNSETIFF) tun0: EBUSY (Device or resource busy)`.
 * @param result what the addon returned: `-errno`
 * @param hint the kernel's own explanation, where it gave one
 */
export function systemError(result: number, syscall: string, object: string, hint?: string): TunNativeError {
  const errno = Math.abs(result);
  const code = errnoName(errno);
  const text = errorText(errno);
  const reason = hint === undefined || hint === "" ? text : `${text}: ${hint}`;
  return new TunNativeError({ code, syscall, errno, object, message: `${syscall} ${object}: ${code} (${reason})` });
}

/** Passes a result through. @throws TunNativeError when it is an error. */
export function check(result: number, syscall: string, object: string): number {
  if (result < 0) throw systemError(result, syscall, object);
  return result;
}

// Node knows the errnos that libuv maps; the addon adds those that devices and interfaces bring besides.
// Two of Linux's numbers have two names: the portable one stays.
function collectNames(): ReadonlyMap<number, ErrnoName> {
  const { EBADFD, ENONET, ENOTUNIQ, EREMCHG, ERFKILL, EUSERS } = loadBinding().constants;
  const known = new Map<number, ErrnoName>([
    [EBADFD, "EBADFD"],
    [ENONET, "ENONET"],
    [ENOTUNIQ, "ENOTUNIQ"],
    [EREMCHG, "EREMCHG"],
    [ERFKILL, "ERFKILL"],
    [EUSERS, "EUSERS"],
  ]);
  for (const [name, errno] of Object.entries(constants.errno)) {
    if (name !== "EWOULDBLOCK" && name !== "ENOTSUP" && isNodeErrno(name)) known.set(errno, name);
  }
  return known;
}

function isNodeErrno(name: string): name is keyof typeof constants.errno {
  return Object.hasOwn(constants.errno, name);
}
