/** Arguments → `Config`. Every check that needs no device and no socket is made here. */
import { resolve } from "node:path";
import type { Argument } from "../cli/arguments.ts";
import { UsageError } from "../errors.ts";
import type { LogFormat } from "../log/line.ts";
import { DEFAULT_LOG, parseLogFormat } from "../log/target-spec.ts";
import { ArgumentSet } from "./argument-set.ts";
import { clientsOf, serverConfig, unusedSecret } from "./clients.ts";
import { parseCluster } from "./cluster.ts";
import type { Config, StartNote } from "./config.ts";
import { parseDevice, parseInterfaceAddresses, parseMtu, parsePostUpScript } from "./device.ts";
import { parseEndpoints } from "./endpoints.ts";
import { parseLog } from "./log-targets.ts";
import { parseMetrics } from "./metrics.ts";
import { parseKeepAlive, parseKeys, parseRole, parseSuite, parseWindowSize, randomKeys } from "./protection.ts";
import { parseRoutes, parseRouting } from "./routes.ts";
import { findSecrets, isEmpty, type SecretSources } from "./secrets.ts";
import { systemTcpServices } from "./services.ts";
import { parseStateDir, type StateDirEnvironment } from "./state-dir.ts";
import { parseStatusSocket } from "./status-socket.ts";
import type { ClientArguments } from "./tunnel-dir.ts";
import { parseNumber, type ServiceLookup } from "./values.ts";

/** What the parser needs to know about the machine. */
export interface ParseEnvironment extends StateDirEnvironment, SecretSources {
  readonly services: ServiceLookup;
  /** Absent = the system's. */
  readonly tcpServices?: ServiceLookup;
  isFile(path: string): boolean;
}

/**
 * @param clientFiles those that this daemon serves by itself; without them it has one connection of its own
 * @throws UsageError for the first option whose value cannot be used
 */
export function parseConfig(
  list: readonly Argument[],
  environment: ParseEnvironment,
  clientFiles: readonly ClientArguments[] = [],
): Config {
  const args = new ArgumentSet(list);
  const notes: StartNote[] = [];
  const suite = parseSuite(args, notes);
  const device = parseDevice(args, notes);
  const endpoints = parseEndpoints(args, environment.services, notes);
  const own = {
    mux: parseId(args, "mux"),
    routing: parseRouting(args, device.kind, notes),
    suite,
    role: parseRole(args),
    device,
    remote: endpoints.remote,
  };
  const cluster = parseCluster(args, environment.tcpServices ?? systemTcpServices);
  const clients = clientsOf(clientFiles, environment, notes);
  const secrets = findSecrets(args, environment, notes);
  const keysOf = () => parseKeys(secrets, suite);
  if (clients !== undefined && own.remote === undefined && !isEmpty(secrets)) notes.push(unusedSecret);
  const mayBeGuest = cluster !== undefined && cluster.hosts.length > 0 && own.remote === undefined;
  const isGuest = mayBeGuest && suite.kdPrf !== "null" && isEmpty(secrets);
  return {
    name: undefined,
    logTargets: parseLog(args, DEFAULT_LOG, environment.cwd),
    logFormat: parseFormat(args),
    foreground: args.has("nodaemonize") || args.has("debug"),
    pidFile: parsePath(args, "write-pid", environment.cwd),
    username: args.lastWord("username")?.value,
    groupname: args.lastWord("groupname")?.value,
    chroot: parsePath(args, "chroot", environment.cwd),
    ...endpoints,
    ...(clients === undefined
      ? { ...own, keys: isGuest ? randomKeys(suite) : keysOf() }
      : serverConfig(own, clients, keysOf, notes)),
    hasOwnKeys: !isGuest,
    cluster,
    ...parseInterfaceAddresses(args),
    mtu: parseMtu(args),
    mssClamp: !args.has("no-mss-clamp"),
    offload: {
      tun: !args.has("no-tun-offload"),
      udp: !args.has("no-udp-offload"),
      ring: !args.has("no-io-uring"),
    },
    postUpScript: parsePostUpScript(args, environment.isFile),
    announceScript: parseAnnounceScript(args, environment),
    routes: parseRoutes(args),
    installRoutes: args.has("install-routes"),
    clients: clients ?? [],
    senderId: parseId(args, "sender-id"),
    windowSize: parseWindowSize(args, notes),
    keepAliveSeconds: parseKeepAlive(args),
    stateDir: parseStateDir(args, environment),
    metrics: parseMetrics(args, notes),
    statusSocket: parseStatusSocket(args, environment),
    notes,
  };
}

/** Relative to where the program was started, whatever becomes the working directory. */
function parsePath(args: ArgumentSet, name: "write-pid" | "chroot", cwd: string): string | undefined {
  const arg = args.lastWord(name);
  return arg === undefined ? undefined : resolve(cwd, arg.value);
}

/** Called long after the start, when the working directory may be another one, and root what -C says. */
function parseAnnounceScript(
  args: ArgumentSet,
  { cwd, isFile }: Pick<ParseEnvironment, "cwd" | "isFile">,
): string | undefined {
  const arg = args.last("announce-script");
  if (arg === undefined) return undefined;
  if (arg.value === "") throw new UsageError(arg.typed, arg.value, "expected a program");
  if (args.has("chroot"))
    throw new UsageError(arg.typed, arg.value, "cannot be started from inside the directory of -C");
  const path = resolve(cwd, arg.value);
  if (!isFile(path)) throw new UsageError(arg.typed, arg.value, "no such file");
  return path;
}

function parseFormat(args: ArgumentSet): LogFormat {
  const arg = args.lastWord("log-format");
  return arg === undefined ? "text" : parseLogFormat(arg.typed, arg.value);
}

function parseId(args: ArgumentSet, name: "mux" | "sender-id"): number {
  const arg = args.last(name);
  return arg === undefined ? 0 : parseNumber(arg, 0, 65_535);
}
