/**
 * What is known of some peers at one moment, as two tables: tens of thousands of peers cross the thread border in
 * pages, each made between two bursts in less time than a burst takes, without an object for each peer.
 */
import {
  COUNTER_CELLS,
  copyEndpoint,
  DROP_REASON_NAMES,
  ENDPOINT_WORDS,
  type Peer,
  type SequenceRange,
  type Tunnel,
} from "satp-core";
import type { PeerSnapshot } from "./messages.ts";

/** Peers of a page at most: some 0.1 ms of the data plane's time. */
export const PAGE_PEERS = 256;

/** Plain data that can be cloned. */
export interface PeerPage {
  readonly count: number;
  /** `count` rows of cells. */
  readonly cells: Float64Array;
  /** `count` rows of two endpoints: where the peer is, and its candidate. */
  readonly endpoints: Int32Array;
  /** Mux to go on with; undefined = these were the last. */
  readonly next: number | undefined;
}

const MUX = 0;
const HEARD_AGO = 1;
const SENT_AGO = 2;
const SENDERS = 3;
const SENDER_ID = 4;
const NEWEST = 5;
const NEXT_SENDER_ID = 6;
const NEXT = 7;
const RESERVED_END = 8;
const REMAINING = 9;
const WINDOW = 10;
const COUNTERS = 11;
const ROW_CELLS: number = COUNTERS + COUNTER_CELLS;
const ROW_WORDS = 2 * ENDPOINT_WORDS;
const NONE = -1;

/** Peers from this mux on, by ascending mux. */
export function peerPage(tunnel: Tunnel, from: number, most: number, nowMs: number): PeerPage {
  const cells = new Float64Array(most * ROW_CELLS);
  const endpoints = new Int32Array(most * ROW_WORDS);
  let count = 0;
  let peer = tunnel.peerFrom(from);
  for (; peer !== undefined && count < most; peer = tunnel.peerFrom(peer.mux + 1)) {
    writeRow(peer, cells, count * ROW_CELLS, nowMs);
    copyEndpoint(peer.endpoints, peer.endpointAt, endpoints, count * ROW_WORDS);
    if (peer.hasCandidate(nowMs)) {
      copyEndpoint(peer.candidate.endpoint, 0, endpoints, count * ROW_WORDS + ENDPOINT_WORDS);
    }
    count++;
  }
  return {
    count,
    cells: cells.subarray(0, count * ROW_CELLS),
    endpoints: endpoints.subarray(0, count * ROW_WORDS),
    next: peer?.mux,
  };
}

/** The peers of a page as objects. */
export function readPage(page: PeerPage): PeerSnapshot[] {
  return Array.from({ length: page.count }, (_, row) => readRow(page, row));
}

function writeRow(peer: Peer, cells: Float64Array, at: number, nowMs: number): void {
  cells[at + MUX] = peer.mux;
  cells[at + HEARD_AGO] = peer.lastHeardMs < 0 ? NONE : nowMs - peer.lastHeardMs;
  cells[at + SENT_AGO] = peer.lastSentMs < 0 ? NONE : nowMs - peer.lastSentMs;
  const { latest, size, windowSize } = peer.senders;
  cells[at + WINDOW] = windowSize;
  cells[at + SENDERS] = size;
  cells[at + SENDER_ID] = latest?.senderId ?? NONE;
  cells[at + NEWEST] = latest?.sequence ?? NONE;
  const { reserved, remaining } = peer.sequence;
  cells[at + NEXT_SENDER_ID] = reserved?.senderId ?? NONE;
  cells[at + NEXT] = reserved?.first ?? NONE;
  cells[at + RESERVED_END] = reserved?.end ?? NONE;
  cells[at + REMAINING] = remaining;
  peer.copyCounters(cells, at + COUNTERS);
}

function readRow({ cells, endpoints }: PeerPage, row: number): PeerSnapshot {
  const at = row * ROW_CELLS;
  const cell = (index: number): number => cells[at + index] ?? NONE;
  const counter = (index: number): number => cell(COUNTERS + index);
  const words = row * ROW_WORDS;
  const candidate = endpoints.slice(words + ENDPOINT_WORDS, words + ROW_WORDS);
  const drops = at + COUNTERS + 4;
  const reserved: SequenceRange | undefined =
    cell(NEXT) < 0 ? undefined : { senderId: cell(NEXT_SENDER_ID), first: cell(NEXT), end: cell(RESERVED_END) };
  return {
    mux: cell(MUX),
    endpoint: endpoints.slice(words, words + ENDPOINT_WORDS),
    ...(candidate[0] === 0 ? {} : { candidate }),
    heardAgoMs: cell(HEARD_AGO),
    sentAgoMs: cell(SENT_AGO),
    traffic: { packetsIn: counter(0), bytesIn: counter(1), packetsOut: counter(2), bytesOut: counter(3) },
    drops: [...cells.subarray(drops, drops + DROP_REASON_NAMES.length)],
    keepAlivesOut: counter(COUNTER_CELLS - 1),
    senders: {
      windowSize: cell(WINDOW),
      known: cell(SENDERS),
      ...(cell(SENDER_ID) < 0 ? {} : { latest: { senderId: cell(SENDER_ID), sequence: cell(NEWEST) } }),
    },
    sequence: { remaining: cell(REMAINING), ...(reserved === undefined ? {} : { reserved }) },
  };
}
