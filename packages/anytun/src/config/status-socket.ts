/** Where a running daemon answers `anytun status`. */
import { isAbsolute, join, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import type { ArgumentSet } from "./argument-set.ts";
import type { Config } from "./config.ts";
import type { StateDirEnvironment } from "./state-dir.ts";

const SYSTEM_RUN_DIR = "/run/anytun";
/** What the kernel takes in an address, without the byte that ends a path. */
export const MAX_SOCKET_PATH_BYTES = 107;

type RunDirEnvironment = Pick<StateDirEnvironment, "uid" | "variables">;

/** `/run/anytun` for root, else a directory of the user's session; undefined where there is none. */
export function runDir({ uid, variables }: RunDirEnvironment): string | undefined {
  if (uid === 0) return SYSTEM_RUN_DIR;
  const session = variables["XDG_RUNTIME_DIR"];
  return session !== undefined && isAbsolute(session) ? join(session, "anytun") : undefined;
}

/** Directories in which the daemons are that this user may ask. */
export function runDirs(environment: RunDirEnvironment): string[] {
  const own = runDir(environment);
  return own === undefined || own === SYSTEM_RUN_DIR ? [SYSTEM_RUN_DIR] : [own, SYSTEM_RUN_DIR];
}

export function parseStatusSocket(
  args: ArgumentSet,
  environment: Pick<StateDirEnvironment, "uid" | "cwd" | "variables">,
): Config["statusSocket"] {
  const group = args.last("status-group");
  if (group?.value === "") throw new UsageError(group.typed, group.value, "expected the name of a group");
  const access = group === undefined ? {} : { group: group.value };
  const given = args.last("status-socket");
  if (given === undefined) {
    const dir = runDir(environment);
    return dir === undefined ? undefined : { dir, ...access };
  }
  if (given.value === "none") {
    if (group === undefined) return undefined;
    throw new UsageError(group.typed, group.value, "there is no socket with --status-socket none");
  }
  const path = resolve(environment.cwd, given.value);
  if (given.value === "" || given.value.endsWith("/") || Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new UsageError(
      given.typed,
      given.value,
      `expected the path of a socket, at most ${MAX_SOCKET_PATH_BYTES} bytes, or none`,
    );
  }
  return { path, ...access };
}
