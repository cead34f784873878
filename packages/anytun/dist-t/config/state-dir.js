/** Where the sequence store lives. */
import { isAbsolute, join, resolve } from "node:path";
import { UsageError } from "../errors.js";

const SYSTEM_STATE_DIR = "/var/lib/anytun";
/** An absolute directory, or `none`. */
export function parseStateDir(args, { uid, cwd, variables }) {
  const given = args.last("state-dir");
  if (given !== undefined) {
    if (given.value === "") throw new UsageError(given.typed, "", "expected a directory, or none");
    return given.value === "none" ? "none" : resolve(cwd, given.value);
  }
  if (uid === 0) return SYSTEM_STATE_DIR;
  const { XDG_STATE_HOME: state, HOME: home } = variables;
  if (state !== undefined && isAbsolute(state)) return join(state, "anytun");
  if (home !== undefined && isAbsolute(home)) return join(home, ".local/state/anytun");
  throw new UsageError("--state-dir", undefined, "missing; expected a directory, or none, because HOME is not set");
}
//# sourceMappingURL=state-dir.js.map
