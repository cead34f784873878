import { argumentError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { errnoName, systemError } from "./system-error.ts";

/** Capabilities by their kernel names without `CAP_` (linux/capability.h). */
const CAPABILITIES = { NET_BIND_SERVICE: 10, NET_ADMIN: 12 } as const;
export type Capability = keyof typeof CAPABILITIES;

const ENOENT = 2;
const STEP = 1000;

export interface Confinement {
  /** New root directory; absent = the present one. */
  readonly root?: string;
  /** Numbers to run as from now on; the group becomes the only one. Absent = unchanged. */
  readonly ids?: { readonly uid: number; readonly gid: number };
  /** What the calling thread keeps, and threads that it starts later get; every other thread loses everything. */
  readonly keep: readonly Capability[];
}

/** By the numbers that the addon gives. */
const STEPS: readonly string[] = [
  "",
  "opendir /proc/self/task",
  "chroot",
  "chdir",
  "setgroups",
  "setresgid",
  "prctl(PR_SET_KEEPCAPS)",
  "setresuid",
  "give up capabilities in all threads",
  "capset",
  "verify user and group",
];

/**
 * Gives up root for good, in every thread: root directory, groups, group, user, all capabilities but those to keep;
 * no program that is executed later can gain any (no_new_privs). What was given up is verified. When it throws, a part
 * may have been given up: the process must end.
 * @throws TunNativeError with the step that failed
 */
export function confineProcess({ root = "", ids, keep }: Confinement): void {
  const { uid = -1, gid = -1 } = ids ?? {};
  const bits = keep.reduce((all, name) => all | (1 << CAPABILITIES[name]), 0);
  const result = loadBinding().confineProcess(root, uid, gid, bits >>> 0, 0);
  if (result === 0) return;
  const step = Math.floor(-result / STEP);
  const object = step === 2 || step === 3 ? root : step >= 4 && step <= 7 ? `${uid}:${gid}` : "process";
  throw systemError(-result % STEP, STEPS[step] ?? "confine", object);
}

/**
 * A user of the system's databases.
 * @returns undefined when there is none of this name
 * @throws TunNativeError when the database cannot be read
 */
export function findUser(name: string): { readonly uid: number; readonly gid: number } | undefined {
  const ids = new Int32Array(2);
  const result = loadBinding().findUser(checkName(name), ids);
  if (!isFound(result, "getpwnam", name)) return undefined;
  const [uid = -1, gid = -1] = ids;
  return { uid, gid };
}

/** Likewise a group's number. */
export function findGroup(name: string): number | undefined {
  const result = loadBinding().findGroup(checkName(name));
  return isFound(result, "getgrnam", name) ? result : undefined;
}

function isFound(result: number, call: string, name: string): boolean {
  if (result >= 0) return true;
  if (result === -ENOENT || errnoName(-result) === "ESRCH") return false;
  throw systemError(result, call, name);
}

function checkName(name: string): string {
  if (name.includes("\0")) throw argumentError("name", JSON.stringify(name), "a name without zero bytes");
  return name;
}
