/** Inbound, after tag and replay window: when a datagram from another place moves the peer's endpoint. */
import { ENDPOINT_FAMILY, ENDPOINT_SOCKET, ENDPOINT_WORDS, type PacketBatch } from "../batch/packet-batch.ts";
import { wordAt } from "../batch/rows.ts";
import { CANDIDATE_MS } from "../peers/candidate.ts";
import { copyEndpoint, sameEndpoint } from "../peers/endpoint.ts";
import type { Peer } from "../peers/peer.ts";
import { SequenceVerdict } from "../replay/sequence-verdict.ts";
import type { TunnelEvents } from "./tunnel-config.ts";

/** An endpoint where nothing new was heard for so long may have been left by its peer, in milliseconds. */
export const SILENCE_MS = 10_000;

/**
 * The originals follow every packet, so whoever records one can later pull the tunnel to himself by sending it
 * again. Here an accepted packet from another place does this:
 *
 * | packet                                           | endpoint unknown | never heard | heard  | silent |
 * | ------------------------------------------------ | ---------------- | ----------- | ------ | ------ |
 * | newer, of a sender id heard at the endpoint      | moves            | moves       | moves  | moves  |
 * | newer, of another sender id                      | moves            | moves       | copies | copies |
 * | first of its sender id, or older (unseen, or     | moves            | copies      | -      | copies |
 * | not known to be seen: without a replay window)   |                  |             |        |        |
 *
 * *Moves*: only the peer can have made it, and nobody can have recorded it before; or there is nobody to take
 * anything from. *Copies*: the place becomes the peer's candidate, and `Tunnel.copies` gives it everything that
 * the endpoint gets. It may be a peer that started again from 0 behind another address, and it may be somebody
 * who repeats what he recorded: so it must not wait, and must not take. *Silent*: for {@link SILENCE_MS} nothing
 * came from the endpoint that was newer than all before; old numbers do not count, they may be repeated with a
 * forged source.
 *
 * A candidate ends when a packet moves the endpoint, wherever to, when a new one comes from the endpoint, and
 * when it was not heard for {@link CANDIDATE_MS}. There is one for each peer (see `Candidate` for who gets the part).
 *
 * So no datagram that was accepted before ever moves an endpoint. What was recorded before this tunnel existed
 * is unknown to it: with a sender id and a number that this tunnel has not reached, it passes for new.
 */
export class Roaming {
  /** From this time on no peer has a candidate. */
  copiesEndMs: number = Number.NEGATIVE_INFINITY;
  readonly #events: TunnelEvents;

  constructor(events: TunnelEvents) {
    this.#events = events;
  }

  /**
   * Draws the conclusions from where an accepted packet came from. Its verdict is the last one of `peer.senders`.
   * @returns whether a newer packet of the same sender id, from the same place and at the same time, would change nothing
   */
  follow(peer: Peer, verdict: SequenceVerdict, batch: PacketBatch, row: number, nowMs: number): boolean {
    const at = row * ENDPOINT_WORDS;
    if (sameEndpoint(peer.endpoints, peer.endpointAt, batch.endpoints, at)) {
      // answers leave through the local socket that the peer reaches
      peer.endpoints[peer.endpointAt + ENDPOINT_SOCKET] = wordAt(batch.endpoints, at + ENDPOINT_SOCKET);
      return this.#stay(peer, verdict, nowMs);
    }
    if (wordAt(batch.endpoints, at + ENDPOINT_FAMILY) === 0) return false;
    if (moves(peer, verdict)) this.#move(peer, batch.endpoints, at, nowMs);
    else this.#consider(peer, verdict, batch.endpoints, at, nowMs);
    return false;
  }

  /** The packet came from the endpoint. Returns as `follow`. */
  #stay(peer: Peer, verdict: SequenceVerdict, nowMs: number): boolean {
    peer.lastHeardMs = nowMs;
    if (peer.isSilent) this.#revive(peer);
    if (verdict === SequenceVerdict.older) {
      if (peer.endpointHeardMs < 0) peer.endpointHeardMs = nowMs;
      return false;
    }
    peer.endpointHeardMs = nowMs;
    peer.senders.settle();
    if (nowMs < this.copiesEndMs && peer.hasCandidate(nowMs) && peer.candidate.isReplaceable(nowMs)) {
      peer.dropCandidate();
    }
    return true;
  }

  #move(peer: Peer, words: Int32Array, at: number, nowMs: number): void {
    const previous = peer.endpoint.slice();
    copyEndpoint(words, at, peer.endpoints, peer.endpointAt);
    peer.dropCandidate();
    peer.senders.settle();
    peer.endpointHeardMs = nowMs;
    peer.lastHeardMs = nowMs;
    this.#events.endpointMoved(peer, previous);
    if (peer.isSilent) this.#revive(peer);
  }

  #revive(peer: Peer): void {
    peer.isSilent = false;
    this.#events.livenessChanged(peer);
  }

  /** A place that may be the peer's and cannot prove it. */
  #consider(peer: Peer, verdict: SequenceVerdict, words: Int32Array, at: number, nowMs: number): void {
    const { candidate } = peer;
    if (candidate.isLive(nowMs) && candidate.isAt(words, at)) {
      candidate.hear(words, at, nowMs);
    } else {
      if (!asks(peer, verdict, nowMs) || !candidate.isReplaceable(nowMs)) return;
      candidate.replace(words, at, nowMs);
      this.#events.candidateAppeared(peer);
    }
    this.copiesEndMs = nowMs + CANDIDATE_MS;
  }
}

function moves(peer: Peer, verdict: SequenceVerdict): boolean {
  if (!peer.reachable) return true;
  return verdict === SequenceVerdict.newer && (peer.endpointHeardMs < 0 || peer.senders.isSettled);
}

function asks(peer: Peer, verdict: SequenceVerdict, nowMs: number): boolean {
  return verdict === SequenceVerdict.newer || peer.endpointHeardMs < 0 || nowMs - peer.endpointHeardMs >= SILENCE_MS;
}
