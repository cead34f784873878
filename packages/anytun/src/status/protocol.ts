/**
 * What a daemon and `anytun status` say to one another over the status socket: one line of JSON asks, then come lines of
 * JSON: the daemon itself, its peers in portions, the end. One question a connection.
 */
import type { DropReasonName } from "satp-core";

export const PROTOCOL_VERSION = 1;
/** A question is not longer than this. */
export const MAX_REQUEST_BYTES = 1024;

export interface StatusRequest {
  readonly version: typeof PROTOCOL_VERSION;
  /** How many peers, those with the most traffic first; `all` = all, by ascending mux. */
  readonly peers: number | "all";
  /** The daemon begins to drain, before it answers. */
  readonly drain?: DrainRequest;
}

export interface DrainRequest {
  readonly quiet_seconds: number;
  readonly timeout_seconds: number;
}

/** One line of the answer. */
export type StatusLine =
  | { readonly daemon: DaemonStatus }
  | { readonly peers: readonly PeerStatus[] }
  | { readonly end: true }
  | { readonly error: string };

/** Since the start of the daemon. */
export interface TrafficStatus {
  readonly packets_in: number;
  readonly bytes_in: number;
  readonly packets_out: number;
  readonly bytes_out: number;
  readonly keepalives_in: number;
  readonly keepalives_out: number;
}

/** Names of reasons that happened, and how often. */
export type DropStatus = Readonly<Partial<Record<DropReasonName, number>>>;

export interface DaemonStatus extends TrafficStatus {
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  /** ISO 8601 */
  readonly started_at: string;
  readonly uptime_seconds: number;
  readonly device: {
    readonly name: string;
    readonly type: "tun" | "tap";
    /** As configured with -n. */
    readonly addresses: readonly string[];
    readonly offloads: readonly string[];
  };
  readonly mtu: MtuStatus;
  /** Local address and port of each UDP socket. */
  readonly sockets: readonly string[];
  readonly socket_offloads: readonly string[];
  readonly role: string;
  readonly mux: number;
  /** Configured peer as typed, host and port. */
  readonly remote: string | null;
  readonly crypto: {
    readonly kernel: string;
    readonly cipher: string;
    readonly kd_prf: string;
    readonly auth: string;
    readonly tag_bytes: number;
  };
  /** As configured for the daemon, 0 = no replay protection; clients of a server may have their own. */
  readonly replay_window_packets: number;
  /** 0 = off. */
  readonly keepalive_seconds: number;
  readonly silent_after_seconds: number;
  /** Directory of used sequence numbers, or `none`. */
  readonly state_dir: string;
  /** null = not draining. */
  readonly drain: {
    readonly seconds: number;
    /** Without a packet from a peer. */
    readonly quiet_seconds: number;
  } | null;
  /** null = the daemon serves nobody and follows nobody. */
  readonly cluster: ClusterStatus | null;
  readonly drops: DropStatus;
  readonly too_big_answers: number;
  /** What was moved in bulk; counters by name. */
  readonly offload_counters: Readonly<Record<string, number>>;
  readonly peer_count: number;
}

/** A daemon's place in its cluster. */
export interface ClusterStatus {
  /** It has heard the others, or waited long enough for them: the service manager was told, the address is announced. */
  readonly ready: boolean;
  /**
   * - `waiting`: not ready yet
   * - `complete`: every server that is followed has said that it told everything
   * - `partial`: ready without that. Originals never say so.
   */
  readonly first_sync: "waiting" | "complete" | "partial";
  readonly connections: number;
  readonly routes: number;
  /** Those that others decide. */
  readonly connections_from_others: number;
  readonly routes_from_others: number;
  /** Where others connect. */
  readonly sync_servers: readonly SyncServerStatus[];
  /** What -M, -X and --sync-plain-hosts name, in their order. */
  readonly followed: readonly FollowedStatus[];
}

/** Of one connection, or of all together. */
export interface LinkTraffic {
  readonly frames_in: number;
  readonly link_bytes_in: number;
  readonly frames_out: number;
  readonly link_bytes_out: number;
}

/** Counts by reason; reasons that never happened are absent. */
export type ReasonCounts = Readonly<Record<string, number>>;

export interface SyncServerStatus extends LinkTraffic {
  readonly addresses: readonly string[];
  readonly tls: boolean;
  /** Whether clients get keys. */
  readonly secrets: boolean;
  readonly clients: readonly SyncClientStatus[];
  /** Connects that were not let in. */
  readonly sent_away: ReasonCounts;
  /** Clients that are gone; `closed` by themselves. */
  readonly ended: ReasonCounts;
}

export interface SyncClientStatus extends LinkTraffic {
  readonly remote: string;
  /** What it calls itself; null = an original, or somebody who only reads. */
  readonly node: string | null;
  readonly connected_seconds: number;
  /** Changes that it has not taken yet, and bytes that its network has not. */
  readonly queued_changes: number;
  readonly queued_bytes: number;
}

export interface FollowedStatus extends LinkTraffic {
  /** As configured, host and port. */
  readonly server: string;
  readonly tls: boolean;
  /** `self`: it is this daemon. */
  readonly state: "connecting" | "connected" | "waiting" | "self";
  readonly state_seconds: number;
  /** Until the next try; null unless `waiting`. */
  readonly retry_seconds: number | null;
  /** What it calls itself; null = an original, or not heard yet. */
  readonly node: string | null;
  /** Whether it ever said that it has told everything. */
  readonly told_everything: boolean;
  /** Connections and routes that it has told on this connection. */
  readonly entries: number;
  /** Frames that were not taken. */
  readonly refused_frames: ReasonCounts;
  /** Why the last connection ended, or did not come about. */
  readonly last_error: string | null;
  readonly last_error_seconds_ago: number | null;
}

export interface MtuStatus {
  readonly bytes: number;
  /**
   * - `option`: set with --mtu
   * - `path`: --mtu auto, follows the path to the peer
   * - `default`: set together with an address
   * - `interface`: left as it was
   */
  readonly source: "option" | "path" | "default" | "interface";
  /** Of the path to the peer; null = not known. */
  readonly path_bytes: number | null;
  /** Longest packet in the tunnel that needs no fragments outside; null = not known. */
  readonly unfragmented_bytes: number | null;
  /** What TCP connections are told; null = nothing. */
  readonly tcp_limit_bytes: number | null;
}

export interface PeerStatus extends TrafficStatus {
  readonly mux: number;
  /** null = not known yet. */
  readonly endpoint: string | null;
  /** Where copies go because the peer may be there. */
  readonly candidate: string | null;
  readonly state: "alive" | "silent" | "never-heard";
  readonly heard_seconds_ago: number | null;
  readonly sent_seconds_ago: number | null;
  readonly drops: DropStatus;
  readonly replay: {
    /** 0 = no replay protection. */
    readonly window_packets: number;
    /** Sender ids heard; each has a window of its own. */
    readonly sender_ids: number;
    /** The one heard last, and its highest sequence number. */
    readonly sender_id: number | null;
    readonly newest_sequence: number | null;
  };
  readonly sequence: {
    /** Own sender id and epoch of the next number; null = nothing is reserved. */
    readonly sender_id: number | null;
    readonly epoch: number | null;
    readonly next: number | null;
    /** First number that is not reserved yet. */
    readonly reserved_until: number | null;
    /** Reserved numbers left. */
    readonly reserved: number;
  };
}

/** @returns undefined for anything that is not a question of this version */
export function parseRequest(line: string): StatusRequest | undefined {
  const request = parseObject(line);
  if (request === undefined || !("version" in request) || request.version !== PROTOCOL_VERSION) return undefined;
  const peers = "peers" in request ? request.peers : undefined;
  if ("drain" in request) {
    const drain = parseDrain(request.drain);
    return drain === undefined ? undefined : { version: PROTOCOL_VERSION, peers: 0, drain };
  }
  if (peers === "all") return { version: PROTOCOL_VERSION, peers };
  if (typeof peers !== "number" || !Number.isInteger(peers) || peers < 0 || peers > 65_536) return undefined;
  return { version: PROTOCOL_VERSION, peers };
}

/** Bounds of both times of a drain, in seconds. */
export const DRAIN_SECONDS = { least: 0, most: 86_400 } as const;

function parseDrain(wish: unknown): DrainRequest | undefined {
  if (typeof wish !== "object" || wish === null) return undefined;
  if (!("quiet_seconds" in wish && "timeout_seconds" in wish)) return undefined;
  const { quiet_seconds, timeout_seconds } = wish;
  return isDrainTime(quiet_seconds) && isDrainTime(timeout_seconds) ? { quiet_seconds, timeout_seconds } : undefined;
}

function isDrainTime(seconds: unknown): seconds is number {
  return typeof seconds === "number" && seconds >= DRAIN_SECONDS.least && seconds <= DRAIN_SECONDS.most;
}

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
