/** Arguments → `Config`. Every check that needs no device and no socket is made here. */
import type { Argument } from "../cli/arguments.ts";
import type { OptionName } from "../cli/options.ts";
import { UsageError } from "../errors.ts";
import type { LogFormat } from "../log/line.ts";
import { DEFAULT_LOG, type LogTargetSpec, parseLogFormat, parseLogTargets } from "../log/target-spec.ts";
import { ArgumentSet } from "./argument-set.ts";
import type { Config, StartNote } from "./config.ts";
import { parseDevice, parseInterfaceAddresses, parseMtu, parsePostUpScript } from "./device.ts";
import { parseEndpoints } from "./endpoints.ts";
import { parseKeys, parseRole, parseSuite, parseWindowSize } from "./protection.ts";
import { findSecrets, type SecretSources } from "./secrets.ts";
import { parseStateDir, type StateDirEnvironment } from "./state-dir.ts";
import { parseNumber, type ServiceLookup } from "./values.ts";

/** What the parser needs to know about the machine. */
export interface ParseEnvironment extends StateDirEnvironment, SecretSources {
  readonly services: ServiceLookup;
  isFile(path: string): boolean;
}

/** Recognised, and refused until they do something. */
const NOT_AVAILABLE: ReadonlyMap<OptionName, string> = new Map([
  ["username", "running as another user"],
  ["groupname", "running as another group"],
  ["chroot", "changing the root directory"],
  ["write-pid", "writing a pid file"],
  ["sync-interface", "cluster synchronisation"],
  ["sync-port", "cluster synchronisation"],
  ["sync-hosts", "cluster synchronisation"],
  ["control-host", "cluster synchronisation"],
  ["route", "routing between several connections"],
]);

/** @throws UsageError for the first option whose value cannot be used */
export function parseConfig(list: readonly Argument[], environment: ParseEnvironment): Config {
  refuseUnavailable(list);
  const args = new ArgumentSet(list);
  const notes: StartNote[] = [];
  const suite = parseSuite(args, notes);
  return {
    logTargets: parseLog(args),
    logFormat: parseFormat(args),
    foreground: args.has("nodaemonize") || args.has("debug"),
    ...parseEndpoints(args, environment.services, notes),
    device: parseDevice(args, notes),
    ...parseInterfaceAddresses(args),
    mtu: parseMtu(args),
    mssClamp: !args.has("no-mss-clamp"),
    offload: { tun: !args.has("no-tun-offload"), udp: !args.has("no-udp-offload") },
    postUpScript: parsePostUpScript(args, environment.isFile),
    mux: parseId(args, "mux"),
    senderId: parseId(args, "sender-id"),
    windowSize: parseWindowSize(args, notes),
    suite,
    role: parseRole(args),
    keys: parseKeys(findSecrets(args, environment, notes), suite),
    stateDir: parseStateDir(args, environment),
    notes,
  };
}

function refuseUnavailable(list: readonly Argument[]): void {
  for (const arg of list) {
    const feature = NOT_AVAILABLE.get(arg.name);
    if (feature !== undefined) throw new UsageError(arg.typed, arg.value, `${feature} is not available yet`);
  }
}

/** -U stands for a `stdout:5` target at its place in the list. */
function parseLog(args: ArgumentSet): readonly LogTargetSpec[] {
  const debug = args.last("debug");
  const wanted = args.all("log", "debug").flatMap((arg) => {
    if (arg.name === "debug") return arg === debug ? [{ option: arg.typed, value: "stdout:5" }] : [];
    return [{ option: arg.typed, value: arg.value }];
  });
  return wanted.length === 0 ? DEFAULT_LOG : parseLogTargets(wanted);
}

function parseFormat(args: ArgumentSet): LogFormat {
  const arg = args.lastWord("log-format");
  return arg === undefined ? "text" : parseLogFormat(arg.typed, arg.value);
}

function parseId(args: ArgumentSet, name: "mux" | "sender-id"): number {
  const arg = args.last(name);
  return arg === undefined ? 0 : parseNumber(arg, 0, 65_535);
}
