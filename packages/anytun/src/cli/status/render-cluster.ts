/** The cluster's part of what `anytun status` shows to people. */
import type {
  ClusterStatus,
  FollowedStatus,
  ReasonCounts,
  SyncClientStatus,
  SyncServerStatus,
} from "../../status/protocol.ts";
import type { Paint } from "./render.ts";
import { type Align, textTable } from "./text-table.ts";
import { ago, bytes, count, duration } from "./units.ts";

/** Clients that are shown: those for which the most waits, then those that came first. */
const SHOWN_CLIENTS = 20;

/** Words and values that stand among the daemon's other facts. */
export function clusterFacts(cluster: ClusterStatus): [string, string][] {
  const { ready, connections, connections_from_others, routes, routes_from_others, sync_servers } = cluster;
  const share = (all: number, others: number, what: string): string =>
    `${counted(all, what)}, ${others === all ? "all" : count(others)} from others`;
  const known = [
    share(connections, connections_from_others, "connection"),
    share(routes, routes_from_others, "route"),
  ].join("; ");
  return [
    ["cluster", `${ready ? "ready" : "not ready"}, first sync ${syncWords(cluster)}; ${known}`],
    ...sync_servers.map((server): [string, string] => ["sync port", serverWords(server)]),
  ];
}

/** Tables of the servers that are followed and of the clients; each begins with an empty line. */
export function clusterTables({ followed, sync_servers }: ClusterStatus, paint: Paint): string[] {
  const clients = sync_servers
    .flatMap(({ clients: all, tls }) => all.map((client) => ({ ...client, tls })))
    .sort((a, b) => b.queued_bytes - a.queued_bytes);
  const hidden = clients.length - SHOWN_CLIENTS;
  return [
    ...(followed.length === 0 ? [] : ["", ...followedTable(followed, paint)]),
    ...(clients.length === 0 ? [] : ["", ...clientTable(clients.slice(0, SHOWN_CLIENTS), paint)]),
    ...(hidden > 0 ? [paint.dim(`${count(hidden)} more clients for which less waits: --json shows them`)] : []),
  ];
}

function followedTable(followed: readonly FollowedStatus[], paint: Paint): string[] {
  const head = ["FOLLOWS", "BY", "STATE", "TOLD ALL", "ENTRIES", "FRAMES IN", "IN", "OUT", "REFUSED", "LAST ERROR"];
  const align: Align[] = ["left", "left", "left", "left", ...Array<Align>(4).fill("right"), "left", "left"];
  const rows = followed.map((one) => [
    ...[one.server, byWords(one.tls), followedState(one), one.told_everything ? "yes" : "no", count(one.entries)],
    ...[count(one.frames_in), bytes(one.link_bytes_in), bytes(one.link_bytes_out)],
    ...[reasonWords(one.refused_frames), errorWords(one)],
  ]);
  return textTable([head, ...rows], align, (cell, row, column) => {
    if (row === 0) return paint.bold(cell);
    if (column !== 2) return cell;
    return /^(connected|this daemon)/.test(cell) ? paint.good(cell) : paint.bad(cell);
  });
}

function clientTable(clients: readonly (SyncClientStatus & { readonly tls: boolean })[], paint: Paint): string[] {
  const head = ["CLIENT", "BY", "NODE", "FOR", "FRAMES OUT", "OUT", "IN", "QUEUE"];
  const align: Align[] = ["left", "left", "left", ...Array<Align>(5).fill("right")];
  const rows = clients.map((one) => [
    ...[one.remote, byWords(one.tls), one.node ?? "not ours", duration(one.connected_seconds)],
    ...[count(one.frames_out), bytes(one.link_bytes_out), bytes(one.link_bytes_in), bytes(one.queued_bytes)],
  ]);
  return textTable([head, ...rows], align, (cell, row) => (row === 0 ? paint.bold(cell) : cell));
}

function syncWords({ first_sync, followed }: ClusterStatus): string {
  if (first_sync !== "partial") return first_sync;
  const silent = followed.filter(({ told_everything, state }) => !told_everything && state !== "self");
  return `partial (${silent.length} of ${followed.length} have not told everything)`;
}

function serverWords({ addresses, tls, secrets, clients, sent_away, ended }: SyncServerStatus): string {
  const { closed: _, ...cutOff } = ended;
  const words = [
    `${addresses.join(", ")}, ${byWords(tls)}${secrets ? "" : " without secrets"}`,
    counted(clients.length, "client"),
  ];
  if (Object.keys(sent_away).length > 0) words.push(`sent away: ${reasonWords(sent_away)}`);
  if (Object.keys(cutOff).length > 0) words.push(`cut off: ${reasonWords(cutOff)}`);
  return words.join("; ");
}

function followedState({ state, state_seconds, retry_seconds }: FollowedStatus): string {
  switch (state) {
    case "self":
      return "this daemon itself";
    case "waiting":
      return `waiting ${Math.ceil(retry_seconds ?? 0)} s`;
    default:
      return `${state} ${duration(state_seconds)}`;
  }
}

function errorWords({ last_error, last_error_seconds_ago }: FollowedStatus): string {
  return last_error === null ? "none" : `${last_error}, ${ago(last_error_seconds_ago)}`;
}

function counted(number: number, what: string): string {
  return `${count(number)} ${what}${number === 1 ? "" : "s"}`;
}

function byWords(tls: boolean): string {
  return tls ? "TLS" : "plain TCP";
}

function reasonWords(counts: ReasonCounts): string {
  const words = Object.entries(counts).map(([reason, number]) => `${reason} ${count(number)}`);
  return words.join(", ") || "none";
}
