/** What is different for a process in the background. */
import type { LogTargetSpec } from "../log/target-spec.ts";

/** @returns the umask that the user had */
export function enterBackground(isBackground: boolean): number {
  if (!isBackground) return process.umask();
  const umask = process.umask(0);
  process.chdir("/");
  return umask;
}

/** The system log, without standard error in its place: nobody would see it. */
export function withoutStderr(target: LogTargetSpec): LogTargetSpec {
  return target.type === "syslog" ? { ...target, orStderr: false } : target;
}
