import { ENDPOINT_FAMILY, ENDPOINT_SOCKET, ENDPOINT_WORDS } from "../batch/packet-batch.ts";
import { wordAt } from "../batch/rows.ts";
import { copyEndpoint, sameEndpoint } from "./endpoint.ts";

/** A candidate that was not heard for so long gets no more copies, in milliseconds. */
export const CANDIDATE_MS = 60_000;

/**
 * A place that took the part of the candidate keeps it for so long, in milliseconds, against every other place
 * and against the endpoint. Afterwards the next place that asks has its turn: whoever repeats old datagrams can
 * take at most every other turn from the peer, and nobody makes it change with each packet.
 */
export const TURN_MS = 1_000;

/**
 * Where else a peer may be: a place that sends authenticated datagrams which could be old ones, repeated. It
 * gets a copy of what is sent to the peer, and nothing is taken from the endpoint for it.
 */
export class Candidate {
  /** Eight words; family 0 = there is none. Written only here. */
  readonly endpoint: Int32Array = new Int32Array(ENDPOINT_WORDS);
  #sinceMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;

  /** Whether there is one now. */
  isLive(nowMs: number): boolean {
    return this.endpoint[ENDPOINT_FAMILY] !== 0 && nowMs - this.#heardMs < CANDIDATE_MS;
  }

  /** Whether another place may take its part, or the endpoint end it. */
  isReplaceable(nowMs: number): boolean {
    return nowMs - this.#sinceMs >= TURN_MS;
  }

  /** Whether it is the place in these words; the local socket does not count. */
  isAt(words: Int32Array, at: number): boolean {
    return sameEndpoint(this.endpoint, 0, words, at);
  }

  /** It was heard again; answers leave through the local socket that it reaches. */
  hear(words: Int32Array, at: number, nowMs: number): void {
    this.endpoint[ENDPOINT_SOCKET] = wordAt(words, at + ENDPOINT_SOCKET);
    this.#heardMs = nowMs;
  }

  /** Another place takes its part. */
  replace(words: Int32Array, at: number, nowMs: number): void {
    copyEndpoint(words, at, this.endpoint, 0);
    this.#sinceMs = nowMs;
    this.#heardMs = nowMs;
  }

  /** There is none any more. */
  clear(): void {
    this.endpoint[ENDPOINT_FAMILY] = 0;
  }
}
