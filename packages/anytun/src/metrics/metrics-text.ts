/**
 * A daemon's counters as Prometheus text. Nothing is kept between two scrapes: each makes its metrics from what the daemon
 * says at that moment, so the counters are the data plane's own.
 */
import { Registry } from "prom-client";
import type { DaemonStatus, PeerStatus, TrafficStatus } from "../status/protocol.ts";
import { describeCluster } from "./cluster-metrics.ts";
import { type Labels, Metrics } from "./metric-set.ts";

/** Peers that get series of their own, those with the lowest mux: always the same ones, and a bounded number. */
export const METRICS_PEERS = 1_000;

export interface MetricsSource {
  /** Undefined once the tunnel has ended. */
  daemon(): Promise<DaemonStatus | undefined>;
  /** All peers by ascending mux, some at a time. */
  peers(): AsyncIterable<readonly PeerStatus[]>;
  /** Of this process. */
  readonly process: Pick<NodeJS.Process, "cpuUsage" | "version">;
  /** Of this process; undefined = not known. */
  readonly residentBytes: number | undefined;
  /** Now, in milliseconds since 1970. */
  now(): number;
}

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** Undefined once the tunnel has ended. */
export async function metricsText(source: MetricsSource): Promise<MetricsText | undefined> {
  const daemon = await source.daemon();
  if (daemon === undefined) return undefined;
  const registry = new Registry();
  const metrics = new Metrics(registry);
  describeDaemon(metrics, daemon, source);
  await describePeers(metrics, source);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function describeDaemon(metrics: Metrics, daemon: DaemonStatus, source: MetricsSource): void {
  const { device, crypto } = daemon;
  metrics.gauge("anytun_build_info", "Version of the program, always 1.", 1, {
    version: daemon.version,
    node: source.process.version,
  });
  metrics.gauge("anytun_tunnel_info", "What the tunnel is, always 1.", 1, {
    name: daemon.name,
    device: device.name,
    type: device.type,
    role: daemon.role,
    cipher: crypto.cipher,
    auth: crypto.auth,
    kernel: crypto.kernel,
  });
  metrics.gauge("anytun_start_time_seconds", "When the tunnel came up.", Date.parse(daemon.started_at) / 1000);
  metrics.gauge("anytun_mtu_bytes", "MTU of the interface.", daemon.mtu.bytes);
  if (daemon.mtu.path_bytes !== null) {
    metrics.gauge("anytun_path_mtu_bytes", "MTU of the path to the peer, below the tunnel.", daemon.mtu.path_bytes);
  }
  const help = "Frames of the interface through the tunnel,";
  traffic(metrics, "anytun", `${help} without what the tunnel adds`, daemon, {});
  for (const [reason, count] of Object.entries(daemon.drops)) {
    metrics.counter("anytun_dropped_packets_total", "Packets that went no further, by reason.", count, { reason });
  }
  metrics.counter("anytun_too_big_answers_total", "ICMP answers to frames that were too long.", daemon.too_big_answers);
  for (const [operation, count] of Object.entries(daemon.offload_counters)) {
    metrics.counter("anytun_offload_operations_total", "What was moved in bulk, by kind.", count, { operation });
  }
  metrics.gauge("anytun_peers", "Peers there are.", daemon.peer_count);
  metrics.gauge("anytun_draining", "1 while the daemon drains, else 0.", daemon.drain === null ? 0 : 1);
  if (daemon.cluster !== null) describeCluster(metrics, daemon.cluster);
  const { user, system } = source.process.cpuUsage();
  metrics.counter("process_cpu_seconds_total", "Processor time of the daemon.", (user + system) / 1e6);
  const { residentBytes } = source;
  if (residentBytes !== undefined) {
    metrics.gauge("process_resident_memory_bytes", "Resident memory of the daemon.", residentBytes);
  }
}

async function describePeers(metrics: Metrics, source: MetricsSource): Promise<void> {
  let left = METRICS_PEERS;
  let alive = 0;
  let reserved = Number.POSITIVE_INFINITY;
  const now = source.now() / 1000;
  for await (const page of source.peers()) {
    for (const peer of page) {
      if (peer.state === "alive") alive++;
      reserved = Math.min(reserved, peer.sequence.reserved);
      if (left-- > 0) describePeer(metrics, peer, now);
    }
  }
  metrics.gauge("anytun_peers_alive", "Peers that were heard lately.", alive);
  if (left < 0)
    metrics.gauge("anytun_peers_without_series", "Peers beyond those that have series of their own.", -left);
  if (Number.isFinite(reserved)) {
    const help = "Reserved sequence numbers of the peer that has the fewest; at 0 nothing can be sent to it.";
    metrics.gauge("anytun_sequence_numbers_reserved", help, reserved);
  }
}

function describePeer(metrics: Metrics, peer: PeerStatus, now: number): void {
  const labels = { mux: peer.mux };
  const isAlive = peer.state === "alive" ? 1 : 0;
  metrics.gauge("anytun_peer_alive", "1 when the peer was heard lately, else 0.", isAlive, labels);
  traffic(metrics, "anytun_peer", "Frames from and to the peer", peer, labels);
  const dropped = Object.values(peer.drops).reduce((sum, count) => sum + count, 0);
  metrics.counter(
    "anytun_peer_dropped_packets_total",
    "Packets from and to the peer that went no further.",
    dropped,
    labels,
  );
  if (peer.heard_seconds_ago !== null) {
    const help = "When the last authenticated packet came from the peer.";
    metrics.gauge("anytun_peer_last_receive_timestamp_seconds", help, now - peer.heard_seconds_ago, labels);
  }
  if (peer.sent_seconds_ago !== null) {
    const help = "When the last packet was sent to the peer.";
    metrics.gauge("anytun_peer_last_transmit_timestamp_seconds", help, now - peer.sent_seconds_ago, labels);
  }
}

function traffic(metrics: Metrics, prefix: string, what: string, counts: TrafficStatus, labels: Labels): void {
  metrics.counter(`${prefix}_receive_packets_total`, `${what}: packets received.`, counts.packets_in, labels);
  metrics.counter(`${prefix}_receive_bytes_total`, `${what}: bytes received.`, counts.bytes_in, labels);
  metrics.counter(`${prefix}_transmit_packets_total`, `${what}: packets sent.`, counts.packets_out, labels);
  metrics.counter(`${prefix}_transmit_bytes_total`, `${what}: bytes sent.`, counts.bytes_out, labels);
  const empty = "Empty packets that keep the way open,";
  metrics.counter(`${prefix}_receive_keepalives_total`, `${empty} received.`, counts.keepalives_in, labels);
  metrics.counter(`${prefix}_transmit_keepalives_total`, `${empty} sent.`, counts.keepalives_out, labels);
}
