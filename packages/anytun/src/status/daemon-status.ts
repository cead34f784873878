/** A daemon's answers about itself: counters and pages of peers from the data plane, put into the words of the protocol. */
import { formatEndpoint, type Role, type Suite } from "satp-core";
import type { Config } from "../config/config.ts";
import type { Drain, DrainState } from "../daemon/drain.ts";
import { happenedDrops, keepAlivesIn } from "../daemon/drop-counts.ts";
import { silentAfterSeconds } from "../daemon/liveness.ts";
import { epochOf } from "../daemon/sequence-space.ts";
import type { ClusterState } from "../daemon/sync/cluster-state.ts";
import type { MtuState } from "../daemon/tunnel-mtu.ts";
import type { PeerSnapshot, Snapshot, Traffic } from "../data-plane/messages.ts";
import { type PeerPage, readPage } from "../data-plane/peer-page.ts";
import { clusterStatus } from "./cluster-status.ts";
import type { DaemonStatus, DropStatus, MtuStatus, PeerStatus, StatusLine, TrafficStatus } from "./protocol.ts";
import type { Answer } from "./status-server.ts";

/** What does not change while the daemon runs. */
export interface DaemonInfo {
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly device: { readonly name: string; readonly offloads: readonly string[] };
  readonly sockets: readonly string[];
  readonly socketOffloads: readonly string[];
  readonly kernel: string;
  readonly config: DaemonInfoConfig;
}

/** No secrets among them. */
export interface DaemonInfoConfig
  extends Pick<
    Config,
    "device" | "ipv4" | "ipv6" | "remote" | "mux" | "senderId" | "windowSize" | "keepAliveSeconds" | "stateDir"
  > {
  readonly role: Role;
  readonly suite: Suite;
}

/** Where the changing parts come from. */
export interface StatusSources {
  readonly info: DaemonInfo;
  uptimeMs(): number;
  mtu(): MtuState;
  /** Undefined once the data plane has ended. */
  snapshot(): Promise<Snapshot | undefined>;
  peers(from: number): Promise<PeerPage | undefined>;
  readonly drain: Pick<Drain, "run" | "state">;
  /** Undefined for a daemon that serves nobody and follows nobody. */
  cluster(): ClusterState | undefined;
}

/** @param name by which the daemon is asked */
export function statusAnswer(sources: StatusSources, name: string = sources.info.name): Answer {
  return async function* ({ peers, drain }): AsyncGenerator<StatusLine> {
    if (drain !== undefined) {
      void sources.drain.run({ quietSeconds: drain.quiet_seconds, timeoutSeconds: drain.timeout_seconds });
    }
    const daemon = await daemonStatus(sources, name);
    if (daemon === undefined) {
      yield { error: "the tunnel has just ended" };
      return;
    }
    yield { daemon };
    if (peers === "all") {
      for await (const page of peerPages(sources)) yield { peers: page };
    } else if (peers > 0) {
      yield { peers: await busiestPeers(sources, peers) };
    }
    yield { end: true };
  };
}

/** Undefined once the data plane has ended. */
export async function daemonStatus(
  sources: StatusSources,
  name: string = sources.info.name,
): Promise<DaemonStatus | undefined> {
  const snapshot = await sources.snapshot();
  if (snapshot === undefined) return undefined;
  const { version, pid, startedAt, device, sockets, socketOffloads, kernel, config } = sources.info;
  const { traffic, drops, keepAlivesOut, tooBigAnswers, offloads, peerCount } = snapshot;
  const { suite, remote } = config;
  const cluster = sources.cluster();
  return {
    name,
    version,
    pid,
    started_at: startedAt.toISOString(),
    uptime_seconds: seconds(sources.uptimeMs()),
    device: {
      name: device.name,
      type: config.device.kind,
      addresses: [config.ipv4, config.ipv6].flatMap((one) =>
        one === undefined ? [] : [`${one.address}/${one.prefixLength}`],
      ),
      offloads: device.offloads,
    },
    mtu: mtuStatus(sources.mtu()),
    sockets,
    socket_offloads: socketOffloads,
    role: config.role,
    mux: config.mux,
    remote:
      remote === undefined ? null : `${remote.host.includes(":") ? `[${remote.host}]` : remote.host}:${remote.port}`,
    crypto: {
      kernel,
      cipher: suite.cipher,
      kd_prf: suite.kdPrf,
      auth: suite.auth,
      tag_bytes: suite.tagBytes,
    },
    replay_window_packets: config.windowSize,
    keepalive_seconds: config.keepAliveSeconds,
    silent_after_seconds: silentAfterSeconds(config.keepAliveSeconds),
    state_dir: config.stateDir,
    drain: drainStatus(sources.drain.state),
    cluster: cluster === undefined ? null : clusterStatus(cluster),
    ...trafficStatus(traffic, drops, keepAlivesOut),
    drops: dropStatus(drops),
    too_big_answers: tooBigAnswers,
    offload_counters: Object.fromEntries(
      Object.entries(offloads ?? {}).map(([counter, count]) => [snakeCase(counter), count]),
    ),
    peer_count: peerCount,
  };
}

/** All peers by ascending mux, some at a time; packets pass between two of them. */
export async function* peerPages(sources: StatusSources): AsyncGenerator<PeerStatus[]> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: PeerPage | undefined = await sources.peers(from);
    if (page === undefined) return;
    if (page.count > 0) yield readPage(page).map((peer) => peerStatus(peer, sources.info.config));
    from = page.next;
  }
}

/** The `count` peers with the most bytes, most first; only so many are kept while all are looked at. */
async function busiestPeers(sources: StatusSources, count: number): Promise<PeerStatus[]> {
  let busiest: PeerStatus[] = [];
  for await (const page of peerPages(sources)) {
    busiest = [...busiest, ...page].sort((a, b) => bytesOf(b) - bytesOf(a) || a.mux - b.mux).slice(0, count);
  }
  return busiest;
}

function bytesOf({ bytes_in, bytes_out }: PeerStatus): number {
  return bytes_in + bytes_out;
}

function peerStatus(peer: PeerSnapshot, config: DaemonInfoConfig): PeerStatus {
  const { mux, endpoint, candidate, heardAgoMs, sentAgoMs, traffic, drops, keepAlivesOut, senders, sequence } = peer;
  const { reserved, remaining } = sequence;
  return {
    mux,
    endpoint: endpoint[0] === 0 ? null : formatEndpoint(endpoint),
    candidate: candidate === undefined ? null : formatEndpoint(candidate),
    state: stateOf(heardAgoMs, silentAfterSeconds(config.keepAliveSeconds)),
    heard_seconds_ago: secondsAgo(heardAgoMs),
    sent_seconds_ago: secondsAgo(sentAgoMs),
    ...trafficStatus(traffic, drops, keepAlivesOut),
    drops: dropStatus(drops),
    replay: {
      window_packets: senders.windowSize,
      sender_ids: senders.known,
      sender_id: senders.latest?.senderId ?? null,
      newest_sequence: senders.latest?.sequence ?? null,
    },
    sequence: {
      sender_id: reserved?.senderId ?? null,
      epoch: reserved === undefined ? null : epochOf(config.senderId, reserved.senderId),
      next: reserved?.first ?? null,
      reserved_until: reserved?.end ?? null,
      reserved: remaining,
    },
  };
}

function stateOf(heardAgoMs: number, silentAfter: number): PeerStatus["state"] {
  if (heardAgoMs < 0) return "never-heard";
  return heardAgoMs < silentAfter * 1000 ? "alive" : "silent";
}

function mtuStatus({ bytes, source, pathBytes, fittingBytes, limitBytes }: MtuState): MtuStatus {
  return {
    bytes,
    source,
    path_bytes: pathBytes ?? null,
    unfragmented_bytes: fittingBytes ?? null,
    tcp_limit_bytes: limitBytes === 0 ? null : limitBytes,
  };
}

function drainStatus(state: DrainState | undefined): DaemonStatus["drain"] {
  return state === undefined
    ? null
    : { seconds: seconds(state.seconds * 1000), quiet_seconds: seconds(state.quietSeconds * 1000) };
}

function trafficStatus(traffic: Traffic, drops: readonly number[], keepAlivesOut: number): TrafficStatus {
  return {
    packets_in: traffic.packetsIn,
    bytes_in: traffic.bytesIn,
    packets_out: traffic.packetsOut,
    bytes_out: traffic.bytesOut,
    keepalives_in: keepAlivesIn(drops),
    keepalives_out: keepAlivesOut,
  };
}

function dropStatus(drops: readonly number[]): DropStatus {
  return Object.fromEntries(happenedDrops(drops));
}

function secondsAgo(ms: number): number | null {
  return ms < 0 ? null : seconds(ms);
}

/** To the millisecond. */
function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
