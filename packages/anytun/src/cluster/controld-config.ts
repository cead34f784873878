/** Arguments of anytun-controld → what it is told to do. */
import { resolve } from "node:path";
import type { Argument } from "../cli/arguments.ts";
import { ArgumentSet } from "../config/argument-set.ts";
import { parseLog } from "../config/log-targets.ts";
import type { ServiceLookup } from "../config/values.ts";
import { UsageError } from "../errors.ts";
import type { LogFormat } from "../log/line.ts";
import { DEFAULT_LOG, type LogTargetSpec, parseLogFormat } from "../log/target-spec.ts";
import { type ListenWish, parseListen } from "./listen-address.ts";
import { type TlsFiles, tlsFiles } from "./tls-files.ts";

export interface ControldConfig {
  /** Absolute. */
  readonly path: string;
  readonly listen: ListenWish;
  readonly tls: TlsFiles;
  readonly logTargets: readonly LogTargetSpec[];
  readonly logFormat: LogFormat;
  readonly foreground: boolean;
  /** Absolute, as in `Config`; the same holds for the three below. */
  readonly pidFile: string | undefined;
  readonly username: string | undefined;
  readonly groupname: string | undefined;
  readonly chroot: string | undefined;
}

/** @throws UsageError for the first option whose value cannot be used */
export function parseControldConfig(list: readonly Argument[], services: ServiceLookup, cwd: string): ControldConfig {
  const args = new ArgumentSet(list);
  const file = args.last("file");
  if (file === undefined || file.value === "") {
    throw new UsageError("-f", file?.value, "missing; expected the file with the messages of anytun-config");
  }
  const format = args.lastWord("log-format");
  const pathOf = (name: "write-pid" | "chroot"): string | undefined => {
    const arg = args.lastWord(name);
    return arg === undefined ? undefined : resolve(cwd, arg.value);
  };
  return {
    path: resolve(cwd, file.value),
    listen: parseListen(args.last("control-host"), services),
    tls: tlsFiles(args),
    logTargets: parseLog(args, USUAL_LOG, cwd),
    logFormat: format === undefined ? "text" : parseLogFormat(format.typed, format.value),
    foreground: args.has("nodaemonize") || args.has("debug"),
    pidFile: pathOf("write-pid"),
    username: args.lastWord("username")?.value,
    groupname: args.lastWord("groupname")?.value,
    chroot: pathOf("chroot"),
  };
}

/** Without any -L. */
const USUAL_LOG: readonly LogTargetSpec[] = DEFAULT_LOG.map((target) =>
  target.type === "syslog" ? { ...target, ident: "anytun-controld" } : target,
);
