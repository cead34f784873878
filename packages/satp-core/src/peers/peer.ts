import { ENDPOINT_FAMILY, ENDPOINT_WORDS } from "../batch/packet-batch.ts";
import { checkRange } from "../errors.ts";
import { Counters } from "../tunnel/counters.ts";
import { MAX_MUX, MAX_TAG_BYTES } from "../wire/layout.ts";
import { Candidate } from "./candidate.ts";
import { copyEndpoint, sameEndpoint } from "./endpoint.ts";
import { Senders } from "./sender.ts";
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
}

/** One connection: where it is, what was heard of it, what is sent to it. Times are the caller's monotonic milliseconds. */
export class Peer {
  readonly mux: number;
  readonly context: number;
  readonly tagBytes: number;
  readonly sequence: SequenceCounter;
  readonly senders: Senders;
  readonly counters: Counters = new Counters();
  /** Where datagrams go to: eight words, written only by `setEndpoint` and the roaming rule. */
  readonly endpoint: Int32Array = new Int32Array(ENDPOINT_WORDS);
  /** Where the peer may be besides, if anywhere. */
  readonly candidate: Candidate = new Candidate();
  /** When the peer was last heard at its endpoint; -1 = never. */
  lastHeardMs = -1;
  /** When a datagram was last given out for the peer; -1 = never. */
  lastSentMs = -1;
  /** When something new, or anything for the first time, was last heard from the present endpoint; -1 = never. */
  endpointHeardMs = -1;
  /** Sequence number of the last replay, -1 = none yet; for the log. */
  lastReplaySequence = -1;
  /** Sender id of the last replay, -1 = none yet. */
  lastReplaySenderId = -1;
  /** Where the last replay came from. */
  readonly lastReplayEndpoint: Int32Array = new Int32Array(ENDPOINT_WORDS);

  /** @throws SatpError `out-of-range` */
  constructor(config: PeerConfig, windowSize: number) {
    checkRange("mux", config.mux, 0, MAX_MUX);
    checkRange("tag length", config.tagBytes, 0, MAX_TAG_BYTES);
    this.mux = config.mux;
    this.context = config.context;
    this.tagBytes = config.tagBytes;
    this.sequence = config.sequence;
    this.senders = new Senders(windowSize);
    if (config.endpoint !== undefined) copyEndpoint(config.endpoint, 0, this.endpoint, 0);
  }

  /** Whether there is a place to send to. */
  get reachable(): boolean {
    return this.endpoint[ENDPOINT_FAMILY] !== 0;
  }

  /** Points the peer at another place, which then counts as never heard. */
  setEndpoint(words: Int32Array): void {
    if (!sameEndpoint(this.endpoint, 0, words, 0)) this.endpointHeardMs = -1;
    if (this.candidate.isAt(words, 0)) this.candidate.clear();
    copyEndpoint(words, 0, this.endpoint, 0);
  }
}
