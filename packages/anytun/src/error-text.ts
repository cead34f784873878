/** How failures of the system read in log lines and error messages: the C library's words, then the errno. */
import { getSystemErrorMap } from "node:util";

/** `no such file or directory (ENOENT)` for system errors, the message for all others. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("errno" in error && typeof error.errno === "number") {
    const known = getSystemErrorMap().get(error.errno);
    if (known !== undefined) return `${known[1]} (${known[0]})`;
  }
  return error.message;
}
