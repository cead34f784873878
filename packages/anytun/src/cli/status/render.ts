/** What `anytun status` shows to people: pure text from what the daemons said. */
import type { RatedDaemon, RatedPeer } from "../../status/rates.ts";
import { clusterFacts, clusterTables } from "./render-cluster.ts";
import { type Align, textTable } from "./text-table.ts";
import { ago, bitRate, bytes, count, duration } from "./units.ts";

/** Puts colour around text; a terminal without it gets the text. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

const same = (text: string): string => text;
export const plain: Paint = { bold: same, dim: same, good: same, bad: same };

const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    `\x1b[${on}m${text}\x1b[${off}m`;
export const coloured: Paint = { bold: sgr(1, 22), dim: sgr(2, 22), good: sgr(32, 39), bad: sgr(31, 39) };

const MTU_SOURCES: Readonly<Record<RatedDaemon["mtu"]["source"], string>> = {
  option: "from --mtu",
  path: "from the path to the peer",
  default: "default",
  interface: "as the interface had it",
};

/** All daemons, a line each. */
export function overviewLines(daemons: readonly RatedDaemon[], paint: Paint): string[] {
  const head = ["NAME", "DEVICE", "PEER", "STATE", "HEARD", "IN", "OUT", "RATE IN", "RATE OUT", "UP", "PID"];
  const align: Align[] = ["left", "left", "left", "left", ...Array<Align>(7).fill("right")];
  const rows = daemons.map((daemon) => {
    const [peer] = daemon.peers;
    const isOne = daemon.peer_count === 1;
    return [
      ...[daemon.name, daemon.device.name],
      isOne ? (peer?.endpoint ?? "unknown") : peerWords(daemon),
      daemonState(daemon) ?? (isOne ? stateWords(peer) : ""),
      isOne ? ago(peer?.heard_seconds_ago ?? null) : "",
      ...[bytes(daemon.bytes_in), bytes(daemon.bytes_out)],
      ...[bitRate(daemon.bytes_in_per_second), bitRate(daemon.bytes_out_per_second)],
      ...[duration(daemon.uptime_seconds), `${daemon.pid}`],
    ];
  });
  return textTable([head, ...rows], align, (cell, row, column) =>
    row === 0 ? paint.bold(cell) : column === 3 ? paintState(cell, paint) : cell,
  );
}

/** Everything about one daemon. */
export function daemonLines(daemon: RatedDaemon, paint: Paint): string[] {
  const facts = daemonFacts(daemon);
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = [
    `${paint.bold(daemon.name)}  anytun ${daemon.version}, pid ${daemon.pid}, up ${duration(daemon.uptime_seconds)}`,
    ...facts.map(([name, text]) => `  ${paint.dim(name.padEnd(width))}  ${text}`),
    "",
    ...peerTable(daemon, paint),
  ];
  const hidden = daemon.peer_count - daemon.peers.length;
  if (hidden > 0) lines.push(paint.dim(`${count(hidden)} more with less traffic: --peers all shows them`));
  const only = daemon.peer_count === 1 ? daemon.peers[0] : undefined;
  if (only !== undefined) lines.push("", ...peerFacts(only, paint, width));
  if (daemon.cluster !== null) lines.push(...clusterTables(daemon.cluster, paint));
  return lines;
}

function daemonFacts(daemon: RatedDaemon): [string, string][] {
  const { device, mtu, crypto } = daemon;
  const facts: [string, string][] = [
    ["device", [`${device.name} (${device.type})`, ...device.addresses].join(", ")],
    ["MTU", mtuWords(mtu)],
    ["sockets", daemon.sockets.join(", ")],
    [
      "offloads",
      `device: ${device.offloads.join(" ") || "none"}; network: ${daemon.socket_offloads.join(" ") || "none"}`,
    ],
    ["crypto", `${crypto.cipher}, keys by ${crypto.kd_prf}, ${tagWords(crypto)}; kernel ${crypto.kernel}`],
    ["role", `${daemon.role}, mux ${daemon.mux}`],
    ["replay", windowWords(daemon)],
    ["in", trafficWords(daemon.bytes_in, daemon.packets_in, daemon.bytes_in_per_second, daemon.packets_in_per_second)],
    [
      "out",
      trafficWords(daemon.bytes_out, daemon.packets_out, daemon.bytes_out_per_second, daemon.packets_out_per_second),
    ],
    ["drops", dropWords(daemon.drops)],
  ];
  if (daemon.remote !== null) facts.splice(3, 0, ["remote", daemon.remote]);
  if (daemon.keepalive_seconds > 0 || daemon.keepalives_in > 0) {
    const every = daemon.keepalive_seconds === 0 ? "off" : `every ${daemon.keepalive_seconds} s`;
    facts.push(["keep-alive", `${every}; ${count(daemon.keepalives_in)} in, ${count(daemon.keepalives_out)} out`]);
  }
  if (daemon.drain !== null) {
    facts.push([
      "draining",
      `for ${duration(daemon.drain.seconds)}, quiet for ${duration(daemon.drain.quiet_seconds)}`,
    ]);
  }
  if (daemon.cluster !== null) facts.push(...clusterFacts(daemon.cluster));
  if (daemon.state_dir === "none") facts.push(["state", "used sequence numbers are not kept (--state-dir none)"]);
  return facts;
}

function peerTable({ peers }: RatedDaemon, paint: Paint): string[] {
  if (peers.length === 0) return [paint.dim("no peer yet")];
  const head = ["MUX", "PEER", "STATE", "HEARD", "SENT", "IN", "OUT", "RATE IN", "RATE OUT", "DROPS"];
  const align: Align[] = ["right", "left", "left", ...Array<Align>(6).fill("right"), "left"];
  const rows = peers.map((peer) => [
    ...[`${peer.mux}`, peer.endpoint ?? "unknown", stateWords(peer)],
    ...[ago(peer.heard_seconds_ago), ago(peer.sent_seconds_ago)],
    ...[bytes(peer.bytes_in), bytes(peer.bytes_out)],
    ...[bitRate(peer.bytes_in_per_second), bitRate(peer.bytes_out_per_second)],
    dropWords(peer.drops),
  ]);
  return textTable([head, ...rows], align, (cell, row, column) =>
    row === 0 ? paint.bold(cell) : column === 2 ? paintState(cell, paint) : cell,
  );
}

function peerFacts(peer: RatedPeer, paint: Paint, width: number): string[] {
  const { sequence, replay, candidate } = peer;
  const facts: [string, string][] = [];
  if (candidate !== null) facts.push(["may be at", `${candidate}: copies go there until it is certain`]);
  if (replay.sender_id !== null && replay.newest_sequence !== null) {
    const ids = replay.sender_ids === 1 ? "" : `, ${count(replay.sender_ids)} sender ids in all`;
    facts.push(["received", `sequence ${count(replay.newest_sequence)} of sender id ${replay.sender_id}${ids}`]);
  }
  facts.push([
    "sequence",
    sequence.next === null
      ? "no numbers are reserved: nothing can be sent"
      : `next ${count(sequence.next)}, reserved until ${count(sequence.reserved_until ?? 0)}, sender id ${sequence.sender_id}, epoch ${sequence.epoch}`,
  ]);
  return facts.map(([name, text]) => `  ${paint.dim(name.padEnd(width))}  ${text}`);
}

function peerWords({ peer_count }: RatedDaemon): string {
  return peer_count === 0 ? "none yet" : `${count(peer_count)} peers`;
}

/** What matters more than the state of a peer. */
function daemonState({ drain, cluster }: RatedDaemon): string | undefined {
  if (drain !== null) return "draining";
  return cluster !== null && !cluster.ready ? "not ready" : undefined;
}

function stateWords(peer: RatedPeer | undefined): string {
  return peer === undefined ? "" : peer.state.replace("-", " ");
}

function paintState(cell: string, paint: Paint): string {
  return cell.startsWith("alive") ? paint.good(cell) : paint.bad(cell);
}

/** Of the peers that are shown, which may have their own. */
function windowWords({ peers, replay_window_packets }: RatedDaemon): string {
  const sizes = peers.length === 0 ? [replay_window_packets] : peers.map(({ replay }) => replay.window_packets);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (most === 0) return "not checked (-w)";
  return least === most ? `window of ${count(most)} packets` : `windows of ${count(least)} to ${count(most)} packets`;
}

function tagWords({ auth, tag_bytes }: RatedDaemon["crypto"]): string {
  return auth === "null" || tag_bytes === 0 ? "no authentication" : `${auth} tags of ${tag_bytes} bytes`;
}

function mtuWords(mtu: RatedDaemon["mtu"]): string {
  const words = [`${mtu.bytes} bytes, ${MTU_SOURCES[mtu.source]}`];
  if (mtu.path_bytes !== null) words.push(`path ${mtu.path_bytes}`);
  if (mtu.unfragmented_bytes !== null) words.push(`unfragmented up to ${mtu.unfragmented_bytes}`);
  words.push(mtu.tcp_limit_bytes === null ? "TCP is left alone" : `TCP is told ${mtu.tcp_limit_bytes}`);
  return words.join("; ");
}

function trafficWords(total: number, packets: number, rate: number | null, packetRate: number | null): string {
  const now = rate === null || packetRate === null ? "" : `; ${bitRate(rate)}, ${count(packetRate)} packets/s`;
  return `${bytes(total)}, ${count(packets)} packets${now}`;
}

function dropWords(drops: RatedPeer["drops"]): string {
  return (
    Object.entries(drops)
      .map(([reason, number]) => `${reason} ${count(number)}`)
      .join(", ") || "none"
  );
}
