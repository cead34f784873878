/** Device → network: frames become headers, types and endpoints, ready for sealing (spec: satp-wire.md 8). */
import {
  CONTEXT,
  DESCRIPTOR_WORDS,
  ENDPOINT_ADDRESS,
  ENDPOINT_FAMILY,
  ENDPOINT_PORT,
  ENDPOINT_SCOPE,
  ENDPOINT_SOCKET,
  ENDPOINT_WORDS,
  FLAGS,
  LENGTH,
  OFFSET,
  PACKET_OK,
  PACKET_SEGMENT,
  PACKET_TRUNCATED,
  type PacketBatch,
} from "../batch/packet-batch.ts";
import { moveRow, wordAt } from "../batch/rows.ts";
import { runEnd } from "../batch/runs.ts";
import { copyEndpoint } from "../peers/endpoint.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { RoutingTable } from "../routing/routing-table.ts";
import { readI32, readMux, viewOf, writeHeader } from "../wire/header.ts";
import { PAYLOAD_OFFSET } from "../wire/layout.ts";
import { ipPayloadType, NOT_IP, PayloadType } from "../wire/payload-type.ts";
import type { Counters } from "./counters.ts";
import { DropReason } from "./drop-reason.ts";
import type { Routing, TunnelConfig } from "./tunnel-config.ts";

/** The originals ignore what is shorter; no device makes such frames. */
const LEAST_FRAME_BYTES = 2;
const IPV4_DESTINATION = 16;
const IPV4_HEADER_BYTES = 20;
const IPV6_DESTINATION = 24;
const IPV6_HEADER_BYTES = 40;

export class Outbound {
  readonly #config: TunnelConfig;
  readonly #isTap: boolean;
  #isSingle: boolean;
  /** See `Tunnel.mux`. */
  mux: number;
  readonly #peers: PeerTable;
  readonly #routes: RoutingTable;
  readonly #counters: Counters;
  /** A run of frames to one peer is counted once, at its end: counting each takes as long as its header. */
  #runPeer: Peer | undefined;
  /** Of its last frame. */
  #runMux = 0;
  #runType = 0;
  #runPackets = 0;
  #runBytes = 0;
  /** The arena of the batch before, nearly always this one's too, and a view of it. */
  #viewed: Uint8Array = new Uint8Array(0);
  #view: DataView = viewOf(this.#viewed);

  constructor(config: TunnelConfig, peers: PeerTable, routes: RoutingTable, counters: Counters) {
    this.#config = config;
    this.#isTap = config.kind === "tap";
    this.#isSingle = config.routing === "single";
    this.mux = config.mux;
    this.#peers = peers;
    this.#routes = routes;
    this.#counters = counters;
  }

  /** See `Tunnel.routing`. */
  set routing(routing: Routing) {
    this.#isSingle = routing === "single";
  }

  /** See `Tunnel.outbound`. */
  run(batch: PacketBatch, count: number, nowMs: number): number {
    let kept = 0;
    let row = 0;
    while (row < count) {
      const peer = this.#prepare(batch, row, nowMs);
      if (peer === undefined) {
        row++;
        continue;
      }
      // where one segment goes all that follow it go; behind one that was dropped the next is looked at for itself
      const end = runEnd(batch.descriptors, row, count, PACKET_SEGMENT);
      const sent = this.#send(peer, batch, row, end, kept);
      kept += sent;
      row += sent;
      if (row < end) row++;
    }
    this.#countRun(undefined, nowMs);
    return kept;
  }

  /** See `Tunnel.copies`. */
  copies(batch: PacketBatch, count: number, nowMs: number): number {
    let kept = 0;
    for (let row = 0; row < count; row++) {
      const offset = wordAt(batch.descriptors, row * DESCRIPTOR_WORDS + OFFSET);
      const peer = this.#isSingle ? this.#peers.lowest : this.#peers.get(readMux(batch.bytes, offset));
      if (peer === undefined || !peer.hasCandidate(nowMs)) continue;
      copyEndpoint(peer.candidate.endpoint, 0, batch.endpoints, row * ENDPOINT_WORDS);
      moveRow(batch, row, kept++);
    }
    return kept;
  }

  /** Finds out where a frame goes; undefined when it is dropped, which is counted then. */
  #prepare(batch: PacketBatch, row: number, nowMs: number): Peer | undefined {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const offset = wordAt(descriptors, at + OFFSET);
    const length = wordAt(descriptors, at + LENGTH);
    if (wordAt(descriptors, at + FLAGS) === PACKET_TRUNCATED) return this.#drop(DropReason.tooLong);
    if (length < LEAST_FRAME_BYTES) return this.#drop(DropReason.tooShort);
    const type = this.#isTap ? PayloadType.ethernet : ipPayloadType(bytes[offset] ?? 0);
    if (type === NOT_IP) return this.#drop(DropReason.notIp);

    let { mux } = this;
    let peer: Peer | undefined;
    if (this.#isSingle) {
      peer = this.#peers.lowest;
    } else {
      const ipv4 = type === PayloadType.ipv4;
      if (length < (ipv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES)) return this.#drop(DropReason.tooShort);
      mux = ipv4
        ? this.#routes.lookup4(readI32(bytes, offset + IPV4_DESTINATION))
        : this.#routes.lookup6(
            readI32(bytes, offset + IPV6_DESTINATION),
            readI32(bytes, offset + IPV6_DESTINATION + 4),
            readI32(bytes, offset + IPV6_DESTINATION + 8),
            readI32(bytes, offset + IPV6_DESTINATION + 12),
          );
      if (mux < 0) return this.#drop(DropReason.noRoute);
      peer = this.#peers.get(mux);
    }
    if (peer === undefined) return this.#drop(DropReason.noPeer);
    if (!peer.reachable) return this.#dropOf(peer, DropReason.noEndpoint);
    if (peer !== this.#runPeer) this.#countRun(peer, nowMs);
    this.#runMux = mux;
    this.#runType = type;
    return peer;
  }

  /**
   * Rows `[row, end)` to the peer of the run: only a missing number can stop them now, and none is taken in vain. They become
   * rows `kept` and the following.
   * @returns how many; when not all, the next one was dropped and the others were not looked at
   */
  #send(peer: Peer, batch: PacketBatch, row: number, end: number, kept: number): number {
    let next = row;
    while (next < end) {
      const { sequence } = peer;
      const taken = sequence.takeRun(end - next);
      if (taken > 0) this.#frame(peer, batch, next, taken, kept + next - row);
      next += taken;
      if (sequence.takeLowSignal()) this.#config.events.sequenceLow(peer);
      if (taken === 0) {
        this.#dropOf(peer, DropReason.noSequence);
        break;
      }
    }
    return next - row;
  }

  /** Rows `[row, row + count)`, for which numbers were just taken, become rows `kept` and the following. */
  #frame(peer: Peer, batch: PacketBatch, row: number, count: number, kept: number): void {
    const { descriptors, endpoints } = batch;
    const view = this.#viewOf(batch.bytes);
    const { context, sequence } = peer;
    const { senderId } = sequence;
    const mux = this.#runMux;
    const type = this.#runType;
    // read once: the compiler cannot know that writing rows does not change them
    const { endpoints: words, endpointAt: at } = peer;
    const family = wordAt(words, at + ENDPOINT_FAMILY);
    const port = wordAt(words, at + ENDPOINT_PORT);
    const scope = wordAt(words, at + ENDPOINT_SCOPE);
    const socket = wordAt(words, at + ENDPOINT_SOCKET);
    const address0 = wordAt(words, at + ENDPOINT_ADDRESS);
    const address1 = wordAt(words, at + ENDPOINT_ADDRESS + 1);
    const address2 = wordAt(words, at + ENDPOINT_ADDRESS + 2);
    const address3 = wordAt(words, at + ENDPOINT_ADDRESS + 3);
    let number = (sequence.bits - count + 1) | 0;
    let from = row * DESCRIPTOR_WORDS;
    let to = kept * DESCRIPTOR_WORDS;
    let place = kept * ENDPOINT_WORDS;
    let payloadBytes = 0;
    for (let left = count; left > 0; left--) {
      const offset = wordAt(descriptors, from + OFFSET) - PAYLOAD_OFFSET;
      const length = wordAt(descriptors, from + LENGTH);
      writeHeader(view, offset, number, senderId, mux, type);
      descriptors[to + OFFSET] = offset;
      descriptors[to + LENGTH] = length + PAYLOAD_OFFSET;
      descriptors[to + CONTEXT] = context;
      descriptors[to + FLAGS] = PACKET_OK;
      endpoints[place + ENDPOINT_FAMILY] = family;
      endpoints[place + ENDPOINT_PORT] = port;
      endpoints[place + ENDPOINT_SCOPE] = scope;
      endpoints[place + ENDPOINT_SOCKET] = socket;
      endpoints[place + ENDPOINT_ADDRESS] = address0;
      endpoints[place + ENDPOINT_ADDRESS + 1] = address1;
      endpoints[place + ENDPOINT_ADDRESS + 2] = address2;
      endpoints[place + ENDPOINT_ADDRESS + 3] = address3;
      number = (number + 1) | 0;
      from += DESCRIPTOR_WORDS;
      to += DESCRIPTOR_WORDS;
      place += ENDPOINT_WORDS;
      payloadBytes += length;
    }
    this.#runPackets += count;
    this.#runBytes += payloadBytes;
  }

  #viewOf(bytes: Uint8Array): DataView {
    if (bytes !== this.#viewed) {
      this.#viewed = bytes;
      this.#view = viewOf(bytes);
    }
    return this.#view;
  }

  /** Ends the run of frames to one peer and begins one to `next`. */
  #countRun(next: Peer | undefined, nowMs: number): void {
    const peer = this.#runPeer;
    if (peer !== undefined && this.#runPackets > 0) {
      peer.lastSentMs = nowMs;
      peer.countOut(this.#runPackets, this.#runBytes);
      this.#counters.countOut(this.#runPackets, this.#runBytes);
    }
    this.#runPeer = next;
    this.#runPackets = 0;
    this.#runBytes = 0;
  }

  #drop(reason: DropReason): undefined {
    this.#counters.countDrop(reason);
    return undefined;
  }

  #dropOf(peer: Peer, reason: DropReason): undefined {
    peer.counters.countDrop(reason);
    return this.#drop(reason);
  }
}
