import { type Counters, DropReason, type Peer, type Tunnel, type TunnelEvents } from "satp-core";
import { type DatagramSocket, SendError } from "tun-native";
import type { PeerSnapshot, ReplayedDatagram, Report, Snapshot, Traffic } from "./messages.ts";

/** Rejections are reported at most this often: an attacker must not be able to keep the main thread busy. */
const REPORT_MS = 1000;
const FOR_EVER = -1;

/** What the owner of device and sockets has counted. */
export interface OutsideCounts {
  readonly deviceErrors: number;
  readonly tooBigAnswers: number;
}

/** The data plane's voice: turns the tunnel's events and counters into reports for the main thread. */
export class PlaneReporter implements TunnelEvents {
  readonly #send: (report: Report) => void;
  readonly #sockets: readonly Pick<DatagramSocket, "sendErrors">[];
  #badTags = 0;
  #replays = 0;
  #tooLong = 0;
  #noSequence = 0;
  #sendTooBig = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;

  /** @param sockets those that the tunnel's datagrams leave through */
  constructor(send: (report: Report) => void, sockets: readonly Pick<DatagramSocket, "sendErrors">[]) {
    this.#send = send;
    this.#sockets = sockets;
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
    const sendTooBig = this.#sendErrors(SendError.tooBig);
    const news =
      badTags !== this.#badTags ||
      replays !== this.#replays ||
      tooLong !== this.#tooLong ||
      noSequence !== this.#noSequence ||
      sendTooBig !== this.#sendTooBig;
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
        sendTooBig: sendTooBig - this.#sendTooBig,
      },
    });
    this.#badTags = badTags;
    this.#replays = replays;
    this.#tooLong = tooLong;
    this.#noSequence = noSequence;
    this.#sendTooBig = sendTooBig;
    this.#reportedMs = nowMs;
    return FOR_EVER;
  }

  /** Everything there is to know at this moment. */
  snapshot(tunnel: Tunnel, { deviceErrors, tooBigAnswers }: OutsideCounts, nowMs: number): Snapshot {
    const drops = [...tunnel.counters.drops];
    drops[DropReason.deviceWrite] = deviceErrors;
    drops[DropReason.sendFull] = this.#sendErrors(SendError.full);
    drops[DropReason.sendTooBig] = this.#sendErrors(SendError.tooBig);
    drops[DropReason.sendUnreachable] = this.#sendErrors(SendError.unreachable);
    drops[DropReason.sendOther] = this.#sendErrors(SendError.other);
    const peers = Array.from(tunnel.peers, (peer) => peerSnapshot(peer, nowMs));
    return { traffic: traffic(tunnel.counters), drops, tooBigAnswers, peers };
  }

  #sendErrors(cause: number): number {
    let sum = 0;
    for (const socket of this.#sockets) sum += socket.sendErrors[cause] ?? 0;
    return sum;
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
