/** The cluster in the words of the status protocol. */
import type { LinkCounts } from "satp-sync";
import type { ClusterState, FollowedState, SyncServerState } from "../daemon/sync/cluster-state.ts";
import type { ClusterStatus, FollowedStatus, LinkTraffic, ReasonCounts, SyncServerStatus } from "./protocol.ts";

export function clusterStatus(state: ClusterState): ClusterStatus {
  const { isReady, connections, routes, remote, servers, followed } = state;
  return {
    ready: isReady,
    first_sync: firstSync(state),
    connections,
    routes,
    connections_from_others: remote.connections,
    routes_from_others: remote.routes,
    sync_servers: servers.map(serverStatus),
    followed: followed.map(followedStatus),
  };
}

function firstSync({ isReady, followed }: ClusterState): ClusterStatus["first_sync"] {
  if (!isReady) return "waiting";
  return followed.every(({ hasToldAll, isSelf }) => hasToldAll || isSelf) ? "complete" : "partial";
}

function serverStatus(server: SyncServerState): SyncServerStatus {
  return {
    addresses: server.endpoints,
    tls: server.isTls,
    secrets: server.hasSecrets,
    clients: server.clients.map((client) => ({
      remote: client.from,
      node: client.hello?.node ?? null,
      connected_seconds: seconds(client.connectedMs),
      ...linkTraffic(client.counts),
      queued_changes: client.queuedChanges,
      queued_bytes: client.queuedBytes,
    })),
    ...linkTraffic(server.counts),
    sent_away: reasonCounts(server.sentAway),
    ended: reasonCounts(server.ended),
  };
}

function followedStatus(followed: FollowedState): FollowedStatus {
  const { server, isTls, isSelf, state, sinceMs, retryMs, node, hasToldAll, entries, counts, refused } = followed;
  return {
    server,
    tls: isTls,
    state: isSelf ? "self" : state,
    state_seconds: seconds(sinceMs),
    retry_seconds: retryMs === undefined ? null : seconds(retryMs),
    node: node ?? null,
    told_everything: hasToldAll,
    entries,
    ...linkTraffic(counts),
    refused_frames: reasonCounts(refused),
    last_error: followed.lastError?.reason ?? null,
    last_error_seconds_ago: followed.lastError === undefined ? null : seconds(followed.lastError.agoMs),
  };
}

function linkTraffic({ framesIn, bytesIn, framesOut, bytesOut }: LinkCounts): LinkTraffic {
  return { frames_in: framesIn, link_bytes_in: bytesIn, frames_out: framesOut, link_bytes_out: bytesOut };
}

function reasonCounts(counts: ReadonlyMap<string, number>): ReasonCounts {
  return Object.fromEntries(counts);
}

/** To the millisecond. */
function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
