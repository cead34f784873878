import { type Counters, DropReason, type Peer, type Tunnel, type TunnelEvents } from "satp-core";
import { type DatagramSocket, SendError } from "tun-native";
import type { HeardAt, LivenessChange, ReplayedDatagram, Report, Snapshot, Traffic } from "./messages.ts";
import { UNDATED } from "./newest-place.ts";

/** Rejections are reported at most this often: an attacker must not be able to keep the main thread busy. */
const REPORT_MS = 1000;
/** Peers that one report about liveness names: all of them may fall silent at once. */
const MOST_CHANGES = 16;
/** No time-out. */
export const FOR_EVER = -1;

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
  #changes: LivenessChange[] = [];
  #changeCount = 0;
  #changesReportedMs = Number.NEGATIVE_INFINITY;

  /** @param sockets those that the tunnel's datagrams leave through */
  constructor(send: (report: Report) => void, sockets: readonly Pick<DatagramSocket, "sendErrors">[]) {
    this.#send = send;
    this.#sockets = sockets;
  }

  peerDetected(peer: Peer): void {
    this.#send({ type: "peer-detected", ...heardAt(peer) });
  }

  endpointMoved(peer: Peer): void {
    this.#send({ type: "endpoint-moved", ...heardAt(peer) });
  }

  /** A place that another node told of is older than the peer's own. */
  endpointKept(peer: Peer): void {
    this.#send({ type: "endpoint-kept", ...heardAt(peer) });
  }

  candidateAppeared(peer: Peer): void {
    this.#send({ type: "candidate-appeared", mux: peer.mux, endpoint: peer.candidate.endpoint.slice() });
  }

  sequenceLow(peer: Peer): void {
    this.#send({ type: "sequence-low", mux: peer.mux });
  }

  livenessChanged({ mux, endpoint, isSilent }: Peer): void {
    this.#changeCount++;
    if (this.#changes.length < MOST_CHANGES) this.#changes.push({ mux, endpoint: endpoint.slice(), isSilent });
  }

  /**
   * Reports what is new of what may happen often: rejections and liveness, each at most once a second.
   * @returns how long the data plane may wait for packets before it calls again; -1 = for ever
   */
  flush(tunnel: Tunnel, nowMs: number): number {
    return soonest(this.#flushRejections(tunnel, nowMs), this.#flushChanges(nowMs));
  }

  #flushChanges(nowMs: number): number {
    if (this.#changeCount === 0) return FOR_EVER;
    const due = this.#changesReportedMs + REPORT_MS - nowMs;
    if (due > 0) return Math.ceil(due);
    this.#send({ type: "liveness", changes: this.#changes, count: this.#changeCount });
    this.#changes = [];
    this.#changeCount = 0;
    this.#changesReportedMs = nowMs;
    return FOR_EVER;
  }

  /**
   * Reports new rejections, if any and if the last report is old enough.
   */
  #flushRejections(tunnel: Tunnel, nowMs: number): number {
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

  /** The tunnel's counters at this moment. */
  snapshot(tunnel: Tunnel, { deviceErrors, tooBigAnswers }: OutsideCounts): Snapshot {
    const drops = [...tunnel.counters.drops];
    drops[DropReason.deviceWrite] = deviceErrors;
    drops[DropReason.sendFull] = this.#sendErrors(SendError.full);
    drops[DropReason.sendTooBig] = this.#sendErrors(SendError.tooBig);
    drops[DropReason.sendUnreachable] = this.#sendErrors(SendError.unreachable);
    drops[DropReason.sendOther] = this.#sendErrors(SendError.other);
    const { counters, peerCount } = tunnel;
    return { traffic: traffic(counters), drops, tooBigAnswers, keepAlivesOut: counters.keepAlivesOut, peerCount };
  }

  #sendErrors(cause: number): number {
    let sum = 0;
    for (const socket of this.#sockets) sum += socket.sendErrors[cause] ?? 0;
    return sum;
  }
}

function heardAt({ mux, endpoint, endpointHeardMs }: Peer): HeardAt {
  return { mux, endpoint: endpoint.slice(), heardMs: endpointHeardMs < 0 ? UNDATED : endpointHeardMs };
}

function lastReplay(tunnel: Tunnel): ReplayedDatagram | undefined {
  const peer = tunnel.lastReplayed;
  if (peer === undefined) return undefined;
  const { lastReplaySequence: sequence, lastReplaySenderId: senderId, lastReplayEndpoint: endpoint } = peer;
  return { sequence, senderId, endpoint: endpoint.slice() };
}

function traffic({ packetsIn, bytesIn, packetsOut, bytesOut }: Counters): Traffic {
  return { packetsIn, bytesIn, packetsOut, bytesOut };
}

/** The shorter of two waits, of which -1 is the longest. */
export function soonest(a: number, b: number): number {
  if (a < 0) return b;
  return b < 0 ? a : Math.min(a, b);
}
