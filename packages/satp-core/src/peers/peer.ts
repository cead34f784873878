import { ENDPOINT_FAMILY, ENDPOINT_WORDS } from "../batch/packet-batch.ts";
import { checkRange } from "../errors.ts";
import { cellRow, wordRow } from "../memory/shared-rows.ts";
import { COUNTER_CELLS, Counters, countIn, countKeepAlive, countOut } from "../tunnel/counters.ts";
import { MAX_MUX, MAX_TAG_BYTES } from "../wire/layout.ts";
import { Candidate } from "./candidate.ts";
import { copyEndpoint, sameEndpoint } from "./endpoint.ts";
import { type SenderMemory, Senders } from "./sender.ts";
import type { SequenceCounter } from "./sequence-counter.ts";

/** Keys and own sequence numbers towards a peer. */
export interface PeerKeys {
  /** Number of the cipher context, from `BatchCipher.addContext`. */
  readonly context: number;
  /** `tagBytes` of that context. */
  readonly tagBytes: number;
  /** Own sequence numbers; must not be shared with another peer of the same keys and mux. */
  readonly sequence: SequenceCounter;
}

/** A peer that is known from the start. */
export interface PeerConfig extends PeerKeys {
  /** The mux in the header of what the peer sends. */
  readonly mux: number;
  /** Eight endpoint words (copied); left out or family 0 = not known yet. */
  readonly endpoint?: Int32Array | undefined;
  /** Replay window in packets, 1 to 2²⁴; 0 = no replay protection; left out = the tunnel's. */
  readonly windowSize?: number | undefined;
}

/** What of a peer is different from now on; what is left out stays. */
export interface PeerChange {
  /** Other keys, and with them other own numbers if these cannot go on. What was heard under the old keys is forgotten. */
  readonly keys?: Omit<PeerKeys, "sequence"> | undefined;
  readonly sequence?: SequenceCounter | undefined;
  /** See `Senders.resize`. */
  readonly windowSize?: number | undefined;
  /** See `Peer.setEndpoint`. */
  readonly endpoint?: Int32Array | undefined;
}

/** Cells of a peer: the times, then those of its counters, of which the first are those that packets change. */
const LAST_HEARD = 0;
const LAST_SENT = 1;
const ENDPOINT_HEARD = 2;
const COUNTERS = 3;

/**
 * One connection: where it is, what was heard of it, what is sent to it. Times are the caller's monotonic milliseconds.
 *
 * What changes with packets stands in two rows of shared tables, and what few peers need is made when they do: with
 * 65,536 peers the memory that packets touch is what they cost.
 */
export class Peer {
  readonly mux: number;
  /** This and the next two are changed only by {@link change}. */
  context: number;
  tagBytes: number;
  sequence: SequenceCounter;
  readonly senders: Senders;
  /** Where datagrams go to: eight words from `endpointAt` on, written only by `setEndpoint` and the roaming rule. */
  readonly endpoints: Int32Array;
  readonly endpointAt: number;
  /** Sequence number of the last replay, -1 = none yet; for the log. */
  lastReplaySequence = -1;
  /** Sender id of the last replay, -1 = none yet. */
  lastReplaySenderId = -1;
  /** Not heard for the time of `TunnelConfig.keepAlive`, or not yet; false without that. */
  isSilent = false;
  readonly #cells: Float64Array;
  readonly #at: number;
  #counters: Counters | undefined;
  #endpoint: Int32Array | undefined;
  #candidate: Candidate | undefined;
  #lastReplayEndpoint: Int32Array | undefined;

  /**
   * @param memory what all peers may use together for what they remember of sender ids
   * @throws SatpError `out-of-range`
   */
  constructor(config: PeerConfig, windowSize: number, memory: SenderMemory) {
    checkRange("mux", config.mux, 0, MAX_MUX);
    checkRange("tag length", config.tagBytes, 0, MAX_TAG_BYTES);
    this.mux = config.mux;
    this.context = config.context;
    this.tagBytes = config.tagBytes;
    this.sequence = config.sequence;
    this.senders = new Senders(windowSize, memory);
    const cells = cellRow(COUNTERS + COUNTER_CELLS);
    this.#cells = cells.table;
    this.#at = cells.at;
    this.#cells.fill(-1, this.#at, this.#at + COUNTERS);
    const endpoint = wordRow(ENDPOINT_WORDS);
    this.endpoints = endpoint.table;
    this.endpointAt = endpoint.at;
    if (config.endpoint !== undefined) copyEndpoint(config.endpoint, 0, this.endpoints, this.endpointAt);
  }

  /** Counts of what can be attributed to the peer; live. */
  get counters(): Counters {
    this.#counters ??= new Counters({ table: this.#cells, at: this.#at + COUNTERS });
    return this.#counters;
  }

  /** Where datagrams go to: eight words, live. */
  get endpoint(): Int32Array {
    this.#endpoint ??= this.endpoints.subarray(this.endpointAt, this.endpointAt + ENDPOINT_WORDS);
    return this.#endpoint;
  }

  /** Where the peer may be besides, if anywhere. */
  get candidate(): Candidate {
    this.#candidate ??= new Candidate();
    return this.#candidate;
  }

  /** When the peer was last heard at its endpoint; -1 = never. */
  get lastHeardMs(): number {
    return this.#cell(LAST_HEARD);
  }
  set lastHeardMs(ms: number) {
    this.#cells[this.#at + LAST_HEARD] = ms;
  }

  /** When a datagram was last given out for the peer; -1 = never. */
  get lastSentMs(): number {
    return this.#cell(LAST_SENT);
  }
  set lastSentMs(ms: number) {
    this.#cells[this.#at + LAST_SENT] = ms;
  }

  /** When something new, or anything for the first time, was last heard from the present endpoint; -1 = never. */
  get endpointHeardMs(): number {
    return this.#cell(ENDPOINT_HEARD);
  }
  set endpointHeardMs(ms: number) {
    this.#cells[this.#at + ENDPOINT_HEARD] = ms;
  }

  /** Where the last replay came from. */
  get lastReplayEndpoint(): Int32Array {
    this.#lastReplayEndpoint ??= new Int32Array(ENDPOINT_WORDS);
    return this.#lastReplayEndpoint;
  }

  /** Frames for the device, of `bytes` together. */
  countIn(packets: number, bytes: number): void {
    countIn(this.#cells, this.#at + COUNTERS, packets, bytes);
  }

  /** Frames for the network, of `bytes` together. */
  countOut(packets: number, bytes: number): void {
    countOut(this.#cells, this.#at + COUNTERS, packets, bytes);
  }

  /** An empty datagram for the network. */
  countKeepAlive(): void {
    countKeepAlive(this.#cells, this.#at + COUNTERS);
  }

  /** Copies the counts to `COUNTER_CELLS` cells of a table, in their order, and leaves no object behind as `counters` does. */
  copyCounters(to: Float64Array, toAt: number): void {
    const from = this.#at + COUNTERS;
    for (let cell = 0; cell < COUNTER_CELLS; cell++) to[toAt + cell] = this.#cells[from + cell] ?? 0;
  }

  /** Whether there is a place to send to. */
  get reachable(): boolean {
    return this.endpoints[this.endpointAt + ENDPOINT_FAMILY] !== 0;
  }

  /** Whether there is another place to send copies to. */
  hasCandidate(nowMs: number): boolean {
    return this.#candidate?.isLive(nowMs) ?? false;
  }

  /** Ends the part of the candidate, if there is one. */
  dropCandidate(): void {
    this.#candidate?.clear();
  }

  /**
   * Changes the peer in place: everything that is not named, counters among it, goes on as it was.
   * @throws SatpError `out-of-range`; nothing is changed then
   */
  change({ keys, sequence, windowSize, endpoint }: PeerChange): void {
    if (keys !== undefined) checkRange("tag length", keys.tagBytes, 0, MAX_TAG_BYTES);
    if (windowSize !== undefined) this.senders.resize(windowSize);
    if (keys !== undefined) {
      this.context = keys.context;
      this.tagBytes = keys.tagBytes;
      this.senders.forget();
    }
    if (sequence !== undefined) this.sequence = sequence;
    if (endpoint !== undefined) this.setEndpoint(endpoint);
  }

  /** Points the peer at another place, which then counts as never heard. */
  setEndpoint(words: Int32Array): void {
    if (!sameEndpoint(this.endpoints, this.endpointAt, words, 0)) this.endpointHeardMs = -1;
    if (this.#candidate?.isAt(words, 0)) this.#candidate.clear();
    copyEndpoint(words, 0, this.endpoints, this.endpointAt);
  }

  #cell(cell: number): number {
    return this.#cells[this.#at + cell] ?? 0;
  }
}
