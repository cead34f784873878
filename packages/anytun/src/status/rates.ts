/** What two looks at counters say about the time between them. */
import type { DaemonAnswer } from "./ask-daemon.ts";
import type { DaemonStatus, PeerStatus, TrafficStatus } from "./protocol.ts";

/** Per second, between the two last looks; null = there was only one. */
export interface RateStatus {
  readonly packets_in_per_second: number | null;
  readonly bytes_in_per_second: number | null;
  readonly packets_out_per_second: number | null;
  readonly bytes_out_per_second: number | null;
}

export interface RatedPeer extends PeerStatus, RateStatus {}

/** A daemon with its peers, as `--json` shows it. */
export interface RatedDaemon extends DaemonStatus, RateStatus {
  readonly running: true;
  /** Time between the two looks; null = there was only one. */
  readonly rate_interval_seconds: number | null;
  readonly peers: readonly RatedPeer[];
}

/** @param before the same daemon earlier; of another process, or absent, it says nothing */
export function withRates(now: DaemonAnswer, before: DaemonAnswer | undefined): RatedDaemon {
  const earlier = before?.daemon.pid === now.daemon.pid ? before : undefined;
  const seconds =
    earlier === undefined
      ? null
      : Math.round((now.daemon.uptime_seconds - earlier.daemon.uptime_seconds) * 1000) / 1000;
  const peersBefore = new Map(earlier?.peers.map((peer) => [peer.mux, peer]));
  return {
    running: true,
    ...now.daemon,
    ...rates(now.daemon, earlier?.daemon, seconds),
    rate_interval_seconds: seconds,
    peers: now.peers.map((peer) => ({ ...peer, ...rates(peer, peersBefore.get(peer.mux), seconds) })),
  };
}

function rates(now: TrafficStatus, before: TrafficStatus | undefined, seconds: number | null): RateStatus {
  const rate = (key: "packets_in" | "bytes_in" | "packets_out" | "bytes_out"): number | null => {
    if (before === undefined || seconds === null || seconds <= 0) return null;
    // a peer that went away and came back counts from 0
    return now[key] < before[key] ? null : Math.round(((now[key] - before[key]) / seconds) * 1000) / 1000;
  };
  return {
    packets_in_per_second: rate("packets_in"),
    bytes_in_per_second: rate("bytes_in"),
    packets_out_per_second: rate("packets_out"),
    bytes_out_per_second: rate("bytes_out"),
  };
}
