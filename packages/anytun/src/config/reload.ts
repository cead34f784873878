/**
 * A configuration that was read again, beside the one in use: what of it can take effect while the tunnel runs. Whatever
 * needs another socket, device, process or state directory stays as it was, and is named.
 */
import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config.ts";

export interface ReloadPlan {
  /** What counts from now on. */
  readonly config: Config;
  /** Options that take effect, as they are typed. */
  readonly changed: readonly string[];
  /** Options that stay as they were. */
  readonly kept: readonly string[];
}

type Part = readonly [options: string, keys: readonly (keyof Config)[]];

/** What a process may still do that was started with more rights. */
export interface ReloadRights {
  /** Change the interface and routes of the kernel. */
  readonly network: boolean;
  /** Open files by the paths of its start. */
  readonly files: boolean;
}

const CHANGEABLE: readonly Part[] = [
  ["-L --log-format", ["logTargets", "logFormat"]],
  ["-E -K -A", ["keys", "hasOwnKeys"]],
  ["-e", ["role"]],
  ["-m", ["mux"]],
  ["-w", ["windowSize"]],
  ["-r -o", ["remote"]],
  ["-R", ["routes"]],
  ["conf.d", ["clients", "routing"]],
  ["--no-mss-clamp", ["mssClamp"]],
  ["--keepalive", ["keepAliveSeconds"]],
  ["--announce-script", ["announceScript"]],
];
const NETWORK: readonly Part[] = [
  ["-n", ["ipv4", "ipv6"]],
  ["--mtu", ["mtu"]],
  ["--install-routes", ["installRoutes"]],
];
/** The numbers of a sender id are in a file of its own. */
const FILES: readonly Part[] = [["-s", ["senderId"]]];

/** Neither is said by an option, or it says nothing about a tunnel that runs. */
const SILENT: ReadonlySet<keyof Config> = new Set(["notes"]);

const KEPT_NAMES: Readonly<Partial<Record<keyof Config, string>>> = {
  foreground: "-D -U",
  pidFile: "-P",
  username: "-u",
  groupname: "-g",
  chroot: "-C",
  family: "-4 -6",
  local: "-i -p",
  device: "-d -t",
  offload: "--no-tun-offload --no-udp-offload --no-io-uring",
  postUpScript: "-x",
  stateDir: "--state-dir",
  statusSocket: "--status-socket --status-group",
  metrics: "--metrics",
  name: "--config-dir",
  cluster: "-I -S -M -X --sync-*",
};

/** What of the configuration that was read can count with these rights, and what changes with it. */
export function planReload(current: Config, next: Config, rights: ReloadRights): ReloadPlan {
  const hasNoKeys = !current.hasOwnKeys && !next.hasOwnKeys;
  const differs = (key: keyof Config): boolean =>
    // without keys of its own a node has new random ones each time
    !(hasNoKeys && key === "keys") && !isDeepStrictEqual(current[key], next[key]);
  const parts = [
    ...CHANGEABLE,
    ...(rights.network ? NETWORK : []),
    // the other nodes of a cluster know this one by it
    ...(rights.files && current.cluster === undefined ? FILES : []),
  ];
  // who sends where by what others say goes with what is heard of them
  const keptKeys = new Set<keyof Config>(differs("cluster") ? ["routing"] : []);
  const changed: string[] = [];
  const taken = new Set<keyof Config>(["suite"]);
  for (const [options, keys] of parts) {
    const free = keys.filter((key) => !keptKeys.has(key));
    for (const key of free) taken.add(key);
    if (free.some(differs)) changed.push(options);
  }
  const { kdPrf } = current.suite;
  if (!isDeepStrictEqual({ ...next.suite, kdPrf }, current.suite)) changed.push("-c -a -b");
  if (kdPrf !== next.suite.kdPrf) changed.push("-k");
  const kept: string[] = [];
  for (const key of keysOf(next)) {
    if (taken.has(key) || keptKeys.has(key) || SILENT.has(key) || !differs(key)) continue;
    kept.push(nameOf(key));
  }
  const picked = Object.fromEntries([...taken].map((key) => [key, next[key]]));
  return { config: { ...current, ...picked, notes: next.notes }, changed, kept: [...new Set(kept)] };
}

function nameOf(key: keyof Config): string {
  const part = [...NETWORK, ...FILES].find(([, keys]) => keys.includes(key));
  return part?.[0] ?? KEPT_NAMES[key] ?? key;
}

function keysOf(config: Config): (keyof Config)[] {
  return Object.keys(config).filter((key): key is keyof Config => key in config);
}
