/** Counters as log lines: what SIGUSR1 prints. Each counter is a `name=value` word, for people and scripts alike. */
import { formatEndpoint } from "satp-core";
import type { PeerSnapshot, Snapshot, Traffic } from "../data-plane/messages.ts";
import { type PeerPage, readPage } from "../data-plane/peer-page.ts";
import { happenedDrops, keepAlivesIn } from "./drop-counts.ts";

/** Drops that never happened are left out; all other counters are always there. Nothing without a snapshot. */
export function reportLines(snapshot: Snapshot | undefined, page: PeerPage | undefined): string[] {
  if (snapshot === undefined || page === undefined) return [];
  const { traffic, drops, tooBigAnswers, keepAlivesOut, peerCount, offloads } = snapshot;
  const peers = readPage(page);
  const more = peerCount - peers.length;
  return [
    [
      `counters: ${trafficWords(traffic)}`,
      `keep-alives-in=${keepAlivesIn(drops)} keep-alives-out=${keepAlivesOut} too-big-answers=${tooBigAnswers}`,
    ].join(" "),
    `drops: ${dropWords(drops)}`,
    ...peers.flatMap(peerLines),
    ...(more > 0 ? [`${more} more peers: see anytun status`] : []),
    ...(offloads === undefined ? [] : [`offloads: ${offloadWords(offloads)}`]),
  ];
}

function peerLines({ mux, endpoint, candidate, heardAgoMs, sentAgoMs, traffic, drops }: PeerSnapshot): string[] {
  const name = `peer ${mux} ${formatEndpoint(endpoint)}`;
  const times = `heard ${ago(heardAgoMs)}, sent ${ago(sentAgoMs)}`;
  const copies = candidate === undefined ? [] : [`${name}: copies go to ${formatEndpoint(candidate)}`];
  return [`${name}: ${times}, ${trafficWords(traffic)}`, ...copies, `${name}: drops: ${dropWords(drops)}`];
}

function trafficWords({ packetsIn, bytesIn, packetsOut, bytesOut }: Traffic): string {
  return `packets-in=${packetsIn} bytes-in=${bytesIn} packets-out=${packetsOut} bytes-out=${bytesOut}`;
}

function dropWords(drops: readonly number[]): string {
  return (
    happenedDrops(drops)
      .map(([name, count]) => `${name}=${count}`)
      .join(" ") || "none"
  );
}

/** `superFrames` is `super-frames=`: the names of the counters say what they are. */
function offloadWords(offloads: NonNullable<Snapshot["offloads"]>): string {
  return Object.entries(offloads)
    .map(([name, count]) => `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${count}`)
    .join(" ");
}

function ago(ms: number): string {
  return ms < 0 ? "never" : `${(ms / 1000).toFixed(1)} s ago`;
}
