/** Status sockets by name, and all there are. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

const SUFFIX = ".sock";

/** Where a daemon of this name may answer; what has a slash in it is a path itself. */
export function socketPaths(name: string, dirs: readonly string[]): string[] {
  return name.includes("/") ? [name] : dirs.map((dir) => join(dir, `${name}${SUFFIX}`));
}

/** Sockets in these directories, by name; nothing where there is no directory or no permission. */
export function allSockets(dirs: readonly string[]): string[] {
  return dirs.flatMap((dir) => {
    try {
      const entries = readdirSync(dir, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isSocket() && entry.name.endsWith(SUFFIX))
        .map(({ name }) => join(dir, name))
        .sort();
    } catch {
      return [];
    }
  });
}
