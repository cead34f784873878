/** Names of tunnels: directories of a configuration directory, and the instances of the service. */
import { quoted, UsageError } from "../errors.ts";

/** What can be one path component, and a word of `autostart`. */
export function isTunnelName(name: string): boolean {
  return /[A-Za-z0-9_]/.test(name) && !/[/\s#\0]/.test(name) && !/^[-.]/.test(name);
}

/** @throws UsageError */
export function checkTunnelName(option: string, name: string): void {
  if (!isTunnelName(name)) {
    throw new UsageError(`${option} ${quoted(name)}`, undefined, "expected the name of a tunnel, one word without /");
  }
}

/** What `autostart` asks for: each tunnel once, in order, and the words that cannot be one. */
export interface Autostart {
  readonly names: readonly string[];
  readonly refused: readonly string[];
}

/** Names separated by blanks and line ends, comments with #. */
export function parseAutostart(text: string): Autostart {
  const words = text.replace(/#.*/g, "").split(/\s+/);
  const names = new Set(words.filter((word) => word !== ""));
  return {
    names: [...names].filter(isTunnelName),
    refused: [...names].filter((name) => !isTunnelName(name)),
  };
}
