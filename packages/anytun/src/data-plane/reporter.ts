import { type Counters, DropReason, type Peer, type Tunnel, type TunnelEvents } from "satp-core";
import { type DatagramSocket, SendError } from "tun-native";
import type { PeerSnapshot, ReplayedDatagram, Report, Snapshot, Traffic } from "./messages.ts";

/** Rejections are reported at most this often: an attacker must not be able to keep the main thread busy. */
const REPORT_MS = 1000;
const FOR_EVER = -1;

/** The data plane's voice: turns the tunnel's events and counters into reports for the main thread. */
export class PlaneReporter implements TunnelEvents {
  readonly #send: (report: Report) => void;
  #badTags = 0;
  #replays = 0;
  #tooLong = 0;
  #noSequence = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;

  constructor(send: (report: Report) => void) {
    this.#send = send;
  }

  peerDetected(peer: Peer): void {
    this.#send({ type: "peer-detected", mux: peer.mux, endpoint: peer.endpoint.slice() });
  }

  endpointMoved(peer: Peer): void {
    this.#send({ type: "endpoint-moved", mux: peer.mux, endpoint: peer.endpoint.slice() });
  }

  candidateAppeared(peer: Peer): void {
    this.#send({ type: "candidate-appeared", mux: peer.mux, endpoint: peer.candidate.endpoint.slice() });
  }

  sequenceLow(): void {
    this.#send({ type: "sequence-low" });
  }

  /**
   * Reports new rejections, if any and if the last report is old enough.
   * @returns how long the data plane may wait for packets before it calls again; -1 = for ever
   */
  flush(tunnel: Tunnel, nowMs: number): number {
    const drops = tunnel.counters.drops;
    const badTags = drops[DropReason.badTag] ?? 0;
    const replays = drops[DropReason.replay] ?? 0;
    const tooLong = drops[DropReason.tooLong] ?? 0;
    const noSequence = drops[DropReason.noSequence] ?? 0;
    const news =
      badTags !== this.#badTags ||
      replays !== this.#replays ||
      tooLong !== this.#tooLong ||
      noSequence !== this.#noSequence;
    if (!news) return FOR_EVER;
    const due = this.#reportedMs + REPORT_MS - nowMs;
    if (due > 0) return Math.ceil(due);
    this.#send({
      type: "rejected",
      rejections: {
        badTags: badTags - this.#badTags,
        replays: replays - this.#replays,
        lastReplay: lastReplay(tunnel),
        tooLong: tooLong - this.#tooLong,
        noSequence: noSequence - this.#noSequence,
      },
    });
    this.#badTags = badTags;
    this.#replays = replays;
    this.#tooLong = tooLong;
    this.#noSequence = noSequence;
    this.#reportedMs = nowMs;
    return FOR_EVER;
  }

  /** Everything there is to know at this moment. The owner of device and sockets adds what they refused. */
  snapshot(tunnel: Tunnel, sockets: readonly DatagramSocket[], deviceErrors: number, nowMs: number): Snapshot {
    const drops = [...tunnel.counters.drops];
    drops[DropReason.deviceWrite] = deviceErrors;
    drops[DropReason.sendFull] = sendErrors(sockets, SendError.full);
    drops[DropReason.sendTooBig] = sendErrors(sockets, SendError.tooBig);
    drops[DropReason.sendUnreachable] = sendErrors(sockets, SendError.unreachable);
    drops[DropReason.sendOther] = sendErrors(sockets, SendError.other);
    const peers = Array.from(tunnel.peers, (peer) => peerSnapshot(peer, nowMs));
    return { traffic: traffic(tunnel.counters), drops, peers };
  }
}

function lastReplay(tunnel: Tunnel): ReplayedDatagram | undefined {
  for (const peer of tunnel.peers) {
    if (peer.lastReplaySequence < 0) continue;
    const { lastReplaySequence: sequence, lastReplaySenderId: senderId, lastReplayEndpoint: endpoint } = peer;
    return { sequence, senderId, endpoint: endpoint.slice() };
  }
  return undefined;
}

function sendErrors(sockets: readonly DatagramSocket[], cause: number): number {
  return sockets.reduce((sum, socket) => sum + (socket.sendErrors[cause] ?? 0), 0);
}

function traffic({ packetsIn, bytesIn, packetsOut, bytesOut }: Counters): Traffic {
  return { packetsIn, bytesIn, packetsOut, bytesOut };
}

function peerSnapshot(peer: Peer, nowMs: number): PeerSnapshot {
  return {
    mux: peer.mux,
    endpoint: peer.endpoint.slice(),
    ...(peer.candidate.isLive(nowMs) ? { candidate: peer.candidate.endpoint.slice() } : {}),
    heardAgoMs: peer.lastHeardMs < 0 ? -1 : nowMs - peer.lastHeardMs,
    sentAgoMs: peer.lastSentMs < 0 ? -1 : nowMs - peer.lastSentMs,
    traffic: traffic(peer.counters),
    drops: [...peer.counters.drops],
  };
}
