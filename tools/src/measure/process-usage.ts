// What a process has used, from /proc.
import { readdirSync, readFileSync } from "node:fs";

/** The kernel counts processor time for user space in hundredths of a second on every Linux architecture. */
const ticksPerSecond = 100;

/** Seconds of processor time of a process, all its threads, in user space and kernel. */
export function cpuSeconds(pid: number): number {
  return secondsIn(`/proc/${pid}/stat`);
}

/** The same of each of its threads, by number. */
export function threadSeconds(pid: number): Map<string, number> {
  const tasks = `/proc/${pid}/task`;
  return new Map(readdirSync(tasks).map((thread) => [thread, secondsIn(`${tasks}/${thread}/stat`)]));
}

function secondsIn(file: string): number {
  const stat = readFileSync(file, "utf8");
  // The name in parentheses may hold blanks; fields are counted behind it, utime and stime are numbers 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory of a process in MiB. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}
