import { UsageError } from "../errors.js";
import { parseLogTargets } from "../log/target-spec.js";
import { ArgumentSet } from "./argument-set.js";
import { parseDevice, parseInterfaceAddresses, parseMtu, parsePostUpScript } from "./device.js";
import { parseEndpoints } from "./endpoints.js";
import { parseKeys, parseRole, parseSuite, parseWindowSize } from "./protection.js";
import { parseStateDir } from "./state-dir.js";
import { parseNumber } from "./values.js";

const DEFAULT_LOG = [{ type: "stdout", level: 3 }];
/** Recognised, and refused until they do something. */
const NOT_AVAILABLE = new Map([
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
export function parseConfig(list, environment) {
  refuseUnavailable(list);
  const args = new ArgumentSet(list);
  const notes = [];
  const suite = parseSuite(args, notes);
  return {
    logTargets: parseLog(args),
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
    keys: parseKeys(args, suite, environment.bytesOf),
    stateDir: parseStateDir(args, environment),
    notes,
  };
}
function refuseUnavailable(list) {
  for (const arg of list) {
    const feature = NOT_AVAILABLE.get(arg.name);
    if (feature !== undefined) throw new UsageError(arg.typed, arg.value, `${feature} is not available yet`);
  }
}
/** -U stands for a `stdout:5` target at its place in the list. */
function parseLog(args) {
  const debug = args.last("debug");
  const wanted = args.all("log", "debug").flatMap((arg) => {
    if (arg.name === "debug") return arg === debug ? [{ option: arg.typed, value: "stdout:5" }] : [];
    return [{ option: arg.typed, value: arg.value }];
  });
  return wanted.length === 0 ? DEFAULT_LOG : parseLogTargets(wanted);
}
function parseId(args, name) {
  const arg = args.last(name);
  return arg === undefined ? 0 : parseNumber(arg, 0, 65_535);
}
//# sourceMappingURL=parse.js.map
