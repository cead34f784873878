/** Inbound, after tag and replay window: when a datagram from another place moves the peer's endpoint. */
import { ENDPOINT_FAMILY, ENDPOINT_SOCKET, ENDPOINT_WORDS, type PacketBatch } from "../batch/packet-batch.ts";
import { wordAt } from "../batch/rows.ts";
import { copyEndpoint, sameEndpoint } from "../peers/endpoint.ts";
import type { Peer } from "../peers/peer.ts";
import { SequenceVerdict } from "../replay/sequence-verdict.ts";

/** Silence after which a packet that is not newer than all before may move the endpoint, in milliseconds. */
export const SILENCE_MS = 10_000;

/**
 * Whether an accepted packet from another place moves the endpoint. The originals follow every packet,
 * so whoever records one can later pull the tunnel to himself by sending it again. Here:
 *
 * - a packet newer than every packet before of its sender id moves it: only the peer can have made it,
 *   and nobody can have recorded it earlier;
 * - an older one in the replay window never does: it may be a copy that was delayed on purpose;
 * - the first of a sender id, and without replay protection an older one (a peer that started again
 *   from 0), only where nothing is taken from anybody: the endpoint is unknown, was never heard, or
 *   has been silent for {@link SILENCE_MS}.
 */
export function mayMove(peer: Peer, verdict: SequenceVerdict, replayProtection: boolean, nowMs: number): boolean {
  if (verdict === SequenceVerdict.newer) return true;
  if (verdict === SequenceVerdict.older && replayProtection) return false;
  return !peer.reachable || peer.endpointHeardMs < 0 || nowMs - peer.endpointHeardMs >= SILENCE_MS;
}

/**
 * Notes that an accepted packet of the peer came from the endpoint of `row`.
 * @returns the previous endpoint words when the packet moved the endpoint, else undefined
 */
export function follow(
  peer: Peer,
  verdict: SequenceVerdict,
  replayProtection: boolean,
  batch: PacketBatch,
  row: number,
  nowMs: number,
): Int32Array | undefined {
  const at = row * ENDPOINT_WORDS;
  if (sameEndpoint(peer.endpoint, 0, batch.endpoints, at)) {
    // answers leave through the local socket that the peer reaches
    peer.endpoint[ENDPOINT_SOCKET] = wordAt(batch.endpoints, at + ENDPOINT_SOCKET);
    peer.endpointHeardMs = nowMs;
    peer.lastHeardMs = nowMs;
    return undefined;
  }
  if (wordAt(batch.endpoints, at + ENDPOINT_FAMILY) === 0) return undefined;
  if (!mayMove(peer, verdict, replayProtection, nowMs)) return undefined;
  const previous = peer.endpoint.slice();
  copyEndpoint(batch.endpoints, at, peer.endpoint, 0);
  peer.endpointHeardMs = nowMs;
  peer.lastHeardMs = nowMs;
  return previous;
}
