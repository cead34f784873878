/** Whether a process still runs. */
import { readFileSync } from "node:fs";

/** One that has ended and that nobody has waited for, as in a container whose first process never does, runs no more. */
export function isRunning(pid: number): boolean {
  try {
    // PID (NAME) STATE …, and the name may have anything in it
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/\) [ZX] /.test(stat.slice(stat.lastIndexOf(")")));
  } catch {
    return false;
  }
}
