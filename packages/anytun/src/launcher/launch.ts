/**
 * What the launcher of old init scripts does: from the name of a tunnel to the command line of the program that runs it
 * (spec: anytun-suite-cli.md 5). Decides; touches nothing but what it is given.
 */
import type { TunnelFiles } from "../config/tunnel-dir.ts";
import { parseOptionFile } from "../config/tunnel-file.ts";
import { isTunnelName } from "../config/tunnel-name.ts";

/** Places that scripts know. */
export const CONFIG_DIR = "/etc/anytun";
export const RUN_DIRS = { vpn: "/run/anytun", configd: "/run/anytun-controld" } as const;

/** `table` only makes the table anew: a control daemon that runs notices. */
export type Role = keyof typeof RUN_DIRS | "table";

export type Wish =
  | { readonly role: Role; readonly name: string; readonly daemonOptions: readonly string[] }
  | { readonly status: number; readonly complaint: string };

const USAGE = "usage: anytun-launcher vpn|configd|table NAME";

/** @param variables `NAME` wins over the word; `DAEMONOPTS` is split at blanks and nothing in it is expanded */
export function parseWish(
  [role, word]: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Wish {
  const name = variables["NAME"] || word;
  if (name === undefined || name === "") return { status: 1, complaint: `the name of the tunnel is missing; ${USAGE}` };
  if (role !== "vpn" && role !== "configd" && role !== "table") return { status: 2, complaint: USAGE };
  if (!isTunnelName(name)) return { status: 1, complaint: `${JSON.stringify(name)} is not the name of a tunnel` };
  const daemonOptions = (variables["DAEMONOPTS"] ?? "").split(/\s+/).filter((option) => option !== "");
  return { role, name, daemonOptions };
}

/** The daemon of a tunnel: pid file, then what the script wants, then the tunnel, which wins. */
export function vpnWords(name: string, daemonOptions: readonly string[]): string[] {
  return ["--write-pid", `${RUN_DIRS.vpn}/${name}.pid`, ...daemonOptions, "--config-dir", CONFIG_DIR, name];
}

/** Directory that the tunnel's config wants as its root; the launcher makes it. @throws AnytunError `usage` */
export function chrootOf({ config }: TunnelFiles): string | undefined {
  return parseOptionFile(config, "literal").args.findLast(({ name }) => name === "chroot")?.value;
}

/** The table of a control daemon. */
export function tablePath(name: string): string {
  return `${RUN_DIRS.configd}/${name}`;
}

/** The control daemon: table, what the script wants, the place to listen at, which wins, pid file. */
export function controldWords(name: string, daemonOptions: readonly string[], { config }: TunnelFiles): string[] {
  const hosts = parseOptionFile(config, "literal").args.filter((arg) => arg.name === "control-host");
  const listen = hosts.flatMap(({ value }) => ["--control-host", value]);
  return ["-f", tablePath(name), ...daemonOptions, ...listen, "--write-pid", `${tablePath(name)}.pid`];
}
