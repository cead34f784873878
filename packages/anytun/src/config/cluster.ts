/** -I -S -M -X and what belongs to them: the node's place in a cluster (spec: anytun-cli.md 11). */
import type { TlsMaterial } from "satp-sync";
import type { Argument } from "../cli/arguments.ts";
import { parseHostList, type SyncHost } from "../cluster/host-list.ts";
import type { ListenWish } from "../cluster/listen-address.ts";
import { readTlsFiles, tlsFiles } from "../cluster/tls-files.ts";
import { UsageError } from "../errors.ts";
import type { ArgumentSet } from "./argument-set.ts";
import { parsePort, type ServiceLookup } from "./values.ts";

/** A server to follow. */
export interface SyncHostConfig extends SyncHost {
  readonly isPlain: boolean;
}

export interface ClusterConfig {
  /** Where this node serves what it knows; with TLS when there is TLS. */
  readonly listen: ListenWish | undefined;
  /** Where it serves without TLS as well. */
  readonly plainListen: ListenWish | undefined;
  /** Whether plain connections may carry keys. */
  readonly plainSecrets: boolean;
  /** Tried; absent = everything is plain. */
  readonly tls: TlsMaterial | undefined;
  /** In command-line order. */
  readonly hosts: readonly SyncHostConfig[];
}

/**
 * @returns undefined for a node that serves nobody and follows nobody
 * @throws UsageError
 */
export function parseCluster(args: ArgumentSet, services: ServiceLookup): ClusterConfig | undefined {
  const tls = readTlsFiles(tlsFiles(args));
  const host = args.lastWord("sync-interface")?.value;
  const port = args.lastWord("sync-port");
  const plainPort = args.lastWord("sync-plain-port");
  if (tls === undefined) {
    refuseWithoutTls(plainPort);
    refuseWithoutTls(args.last("sync-plain-hosts"));
  }
  const listen = port === undefined ? undefined : { host, port: parsePort(port, services, "TCP") };
  const plainListen = plainPort === undefined ? undefined : { host, port: parsePort(plainPort, services, "TCP") };
  const hosts = args
    .all("sync-hosts", "control-host", "sync-plain-hosts")
    .flatMap((arg) => hostsOf(arg, services, tls === undefined));
  if (listen === undefined && plainListen === undefined && hosts.length === 0) return undefined;
  return { listen, plainListen, plainSecrets: !args.has("sync-without-secrets"), tls, hosts };
}

function hostsOf(arg: Argument, services: ServiceLookup, allPlain: boolean): SyncHostConfig[] {
  if (arg.value === "") return [];
  const isPlain = allPlain || arg.name === "sync-plain-hosts";
  return parseHostList(arg.typed, arg.value, services).map((host) => ({ ...host, isPlain }));
}

function refuseWithoutTls(arg: Argument | undefined): void {
  if (arg === undefined) return;
  throw new UsageError(arg.typed, arg.value, "only beside --sync-tls-cert; without TLS everything is plain");
}
