/** How failures of the system read in log lines and error messages: the C library's words, then the errno. */
import { getSystemErrorMap } from "node:util";

/** `No such file or directory (ENOENT)` for system errors, the message for all others. */
export function errorText(error: unknown): string {
  const known = systemError(error);
  return known === undefined ? errorReason(error) : `${known.reason} (${known.code})`;
}

/** `No such file or directory`: what strerror(3) says, for the log texts that end with it. */
export function errorReason(error: unknown): string {
  return systemError(error)?.reason ?? (error instanceof Error ? error.message : String(error));
}

/** The errno's name, of Node's errors and tun-native's; `undefined` for others. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof Error && "errno" in error && "code" in error && typeof error.code === "string")
    return error.code;
  return systemError(error)?.code;
}

function systemError(error: unknown): { code: string; reason: string } | undefined {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return undefined;
  const known = getSystemErrorMap().get(error.errno);
  if (known === undefined) return undefined;
  const [code, text] = known;
  return { code, reason: text.charAt(0).toUpperCase() + text.slice(1) };
}
