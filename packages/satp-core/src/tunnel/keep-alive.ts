/**
 * Keeps the way to quiet peers open: a datagram with a payload type and nothing behind it. Every receiver checks its
 * tag, notes where it came from and drops it (spec: satp-wire.md 9, steps 6 to 8), so it needs no agreement.
 */
import {
  CONTEXT,
  DESCRIPTOR_WORDS,
  ENDPOINT_WORDS,
  FLAGS,
  LENGTH,
  OFFSET,
  PACKET_OK,
  type PacketBatch,
} from "../batch/packet-batch.ts";
import { copyEndpoint } from "../peers/endpoint.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { viewOf, writeHeader } from "../wire/header.ts";
import { PAYLOAD_OFFSET } from "../wire/layout.ts";
import { PayloadType } from "../wire/payload-type.ts";
import type { Counters } from "./counters.ts";
import type { KeepAliveConfig, Routing, TunnelConfig } from "./tunnel-config.ts";

/** Arena bytes of a row: header, payload type, the longest tag, and room between. */
export const KEEP_ALIVE_SLOT_BYTES = 64;
/** Peers looked at in one call, so that many of them do not hold up packets. */
const MOST_VISITED = 2048;
/** Looking at all peers takes some 0.1 µs for each; passes are so far apart that this stays below 3 % of the time. */
const PASS_MS_PER_PEER = 1 / 256;

/** In passes over all peers, each begun when the first of them may be due. */
export class KeepAlive {
  readonly #config: TunnelConfig;
  readonly #times: KeepAliveConfig;
  readonly #peers: PeerTable;
  readonly #counters: Counters;
  /** See `Tunnel.routing` and `Tunnel.mux`. */
  routing: Routing;
  ownMux: number;
  /** When the next call has something to do. */
  #dueMs = Number.NEGATIVE_INFINITY;
  /** The pass under way: where it goes on, what it has seen. */
  #mux = 0;
  #visited = 0;
  #soonestMs = Number.POSITIVE_INFINITY;

  constructor(config: TunnelConfig, times: KeepAliveConfig, peers: PeerTable, counters: Counters) {
    this.#config = config;
    this.routing = config.routing;
    this.ownMux = config.mux;
    this.#times = times;
    this.#peers = peers;
    this.#counters = counters;
  }

  /** A peer is new, or somewhere else: it is not made to wait for its turn. */
  wake(): void {
    this.#dueMs = Number.NEGATIVE_INFINITY;
  }

  /** Milliseconds until `run` has something to do; 0 = now. */
  waitMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#dueMs - nowMs));
  }

  /** See `Tunnel.keepAlive`. */
  run(batch: PacketBatch, nowMs: number): number {
    if (nowMs < this.#dueMs) return 0;
    const { routing } = this;
    const view = viewOf(batch.bytes);
    const most = Math.min(batch.capacity, Math.floor(batch.bytes.length / KEEP_ALIVE_SLOT_BYTES));
    let rows = 0;
    let left = MOST_VISITED;
    let peer = routing === "single" ? this.#peers.lowest : this.#peers.from(this.#mux);
    while (peer !== undefined) {
      if (rows === most || left === 0) {
        this.#mux = peer.mux;
        return rows;
      }
      left--;
      this.#visited++;
      if (this.#visit(peer, batch, view, rows, nowMs)) rows++;
      peer = routing === "single" ? undefined : this.#peers.from(peer.mux + 1);
    }
    this.#dueMs = Math.max(
      Math.min(this.#soonestMs, nowMs + this.#times.quietMs),
      nowMs + this.#visited * PASS_MS_PER_PEER,
    );
    this.#mux = 0;
    this.#visited = 0;
    this.#soonestMs = Number.POSITIVE_INFINITY;
    return rows;
  }

  /** True when the row was filled. */
  #visit(peer: Peer, batch: PacketBatch, view: DataView, row: number, nowMs: number): boolean {
    const { quietMs, silentMs } = this.#times;
    if (!peer.isSilent) {
      const silentAt = peer.lastHeardMs + silentMs;
      if (nowMs < silentAt) {
        this.#soonestMs = Math.min(this.#soonestMs, silentAt);
      } else {
        peer.isSilent = true;
        this.#config.events.livenessChanged(peer);
      }
    }
    if (!peer.reachable) return false;
    const dueAt = peer.lastSentMs < 0 ? nowMs : peer.lastSentMs + quietMs;
    if (nowMs < dueAt) {
      this.#soonestMs = Math.min(this.#soonestMs, dueAt);
      return false;
    }
    return this.#fill(peer, batch, view, row, nowMs);
  }

  #fill(peer: Peer, batch: PacketBatch, view: DataView, row: number, nowMs: number): boolean {
    const { sequence } = peer;
    const { kind, events } = this.#config;
    const taken = sequence.take();
    if (sequence.takeLowSignal()) events.sequenceLow(peer);
    // without a number it waits like everything else; the next pass tries again
    if (!taken) return false;
    const offset = row * KEEP_ALIVE_SLOT_BYTES;
    const type = kind === "tap" ? PayloadType.ethernet : PayloadType.ipv4;
    const own = this.routing === "single" ? this.ownMux : peer.mux;
    writeHeader(view, offset, sequence.bits, sequence.senderId, own, type);
    const at = row * DESCRIPTOR_WORDS;
    batch.descriptors[at + OFFSET] = offset;
    batch.descriptors[at + LENGTH] = PAYLOAD_OFFSET;
    batch.descriptors[at + CONTEXT] = peer.context;
    batch.descriptors[at + FLAGS] = PACKET_OK;
    copyEndpoint(peer.endpoints, peer.endpointAt, batch.endpoints, row * ENDPOINT_WORDS);
    peer.lastSentMs = nowMs;
    peer.countKeepAlive();
    this.#counters.countKeepAlive();
    return true;
  }
}
