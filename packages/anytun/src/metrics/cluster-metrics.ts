/** The cluster's part of the metrics. Clients come and go, so only a port has series of its own, and each configured server. */
import type { ClusterStatus, FollowedStatus, LinkTraffic, SyncServerStatus } from "../status/protocol.ts";
import type { Labels, Metrics } from "./metric-set.ts";

export function describeCluster(metrics: Metrics, cluster: ClusterStatus): void {
  const { ready, first_sync, connections_from_others, routes, routes_from_others } = cluster;
  metrics.gauge("anytun_cluster_ready", "1 once the node is ready to be announced, else 0.", ready ? 1 : 0);
  metrics.gauge(
    "anytun_cluster_first_sync_complete",
    "1 when every server that is followed has told everything, else 0.",
    first_sync === "complete" ? 1 : 0,
  );
  metrics.gauge("anytun_cluster_remote_connections", "Connections that the cluster decides.", connections_from_others);
  metrics.gauge("anytun_routes", "Routes there are.", routes);
  metrics.gauge("anytun_cluster_remote_routes", "Routes that the cluster decides.", routes_from_others);
  for (const server of cluster.sync_servers) describeServer(metrics, server);
  for (const followed of cluster.followed) describeFollowed(metrics, followed);
}

function describeServer(metrics: Metrics, server: SyncServerStatus): void {
  const { clients, addresses, tls } = server;
  const labels: Labels = { listen: addresses.join(","), tls: `${tls}` };
  const ours = clients.filter(({ node }) => node !== null);
  const slowest = Math.max(0, ...clients.map(({ queued_bytes }) => queued_bytes));
  metrics.gauge("anytun_sync_clients", "Clients of the sync port.", clients.length, labels);
  metrics.gauge(
    "anytun_sync_own_clients",
    "Clients of the sync port that are our own nodes or tools.",
    ours.length,
    labels,
  );
  metrics.gauge("anytun_sync_queued_bytes", "What waits for the slowest client of the sync port.", slowest, labels);
  linkTraffic(metrics, "anytun_sync_server", "Sync port, all clients", server, labels);
  for (const [reason, count] of Object.entries(server.sent_away)) {
    const help = "Connects to the sync port that were not let in, by reason.";
    metrics.counter("anytun_sync_refused_connects_total", help, count, { ...labels, reason });
  }
  for (const [reason, count] of Object.entries(server.ended)) {
    const help = "Clients of the sync port that are gone, by reason.";
    metrics.counter("anytun_sync_ended_clients_total", help, count, { ...labels, reason });
  }
}

function describeFollowed(metrics: Metrics, followed: FollowedStatus): void {
  const { server, state, told_everything, entries } = followed;
  const labels: Labels = { server };
  const isUp = state === "connected" || state === "self";
  metrics.gauge(
    "anytun_sync_link_up",
    "1 while connected to the server that is followed, else 0.",
    isUp ? 1 : 0,
    labels,
  );
  const told = "1 when the server has said that it told everything, else 0.";
  metrics.gauge("anytun_sync_link_complete", told, told_everything ? 1 : 0, labels);
  metrics.gauge("anytun_sync_link_entries", "Entries that the server has told on this connection.", entries, labels);
  linkTraffic(metrics, "anytun_sync_link", "Server that is followed", followed, labels);
  for (const [reason, count] of Object.entries(followed.refused_frames)) {
    const help = "Frames of the server that were not taken, by reason.";
    metrics.counter("anytun_sync_link_refused_frames_total", help, count, { ...labels, reason });
  }
}

function linkTraffic(metrics: Metrics, prefix: string, what: string, counts: LinkTraffic, labels: Labels): void {
  metrics.counter(`${prefix}_receive_frames_total`, `${what}: frames received.`, counts.frames_in, labels);
  metrics.counter(`${prefix}_receive_bytes_total`, `${what}: bytes received.`, counts.link_bytes_in, labels);
  metrics.counter(`${prefix}_transmit_frames_total`, `${what}: frames sent.`, counts.frames_out, labels);
  metrics.counter(`${prefix}_transmit_bytes_total`, `${what}: bytes sent.`, counts.link_bytes_out, labels);
}
