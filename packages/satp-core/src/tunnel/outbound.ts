/** Device → network: frames become headers, types and endpoints, ready for sealing (spec: satp-wire.md 8). */
import {
  CONTEXT,
  DESCRIPTOR_WORDS,
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
import { copyEndpoint } from "../peers/endpoint.ts";
import type { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { RoutingTable } from "../routing/routing-table.ts";
import { readI32, readMux, writeHeader } from "../wire/header.ts";
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
    const { descriptors } = batch;
    let kept = 0;
    let isSent = false;
    for (let row = 0; row < count; row++) {
      const peer = this.#runPeer;
      const goesOn: boolean = isSent && wordAt(descriptors, row * DESCRIPTOR_WORDS + FLAGS) === PACKET_SEGMENT;
      isSent = goesOn && peer !== undefined ? this.#send(peer, batch, row) : this.#prepare(batch, row, nowMs);
      if (isSent) moveRow(batch, row, kept++);
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

  /** Finds out where a frame goes; false when it is dropped, which is counted then. */
  #prepare(batch: PacketBatch, row: number, nowMs: number): boolean {
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
    return this.#send(peer, batch, row);
  }

  /** A frame to the peer of the run: only a missing number can stop it now, and none is taken in vain. Returns as `#prepare`. */
  #send(peer: Peer, batch: PacketBatch, row: number): boolean {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const offset = wordAt(descriptors, at + OFFSET);
    const length = wordAt(descriptors, at + LENGTH);
    const { sequence } = peer;
    const taken = sequence.take();
    if (taken) {
      writeHeader(bytes, offset - PAYLOAD_OFFSET, sequence.number | 0, sequence.senderId, this.#runMux, this.#runType);
    }
    if (sequence.takeLowSignal()) this.#config.events.sequenceLow(peer);
    if (!taken) return this.#dropOf(peer, DropReason.noSequence);
    descriptors[at + OFFSET] = offset - PAYLOAD_OFFSET;
    descriptors[at + LENGTH] = length + PAYLOAD_OFFSET;
    descriptors[at + CONTEXT] = peer.context;
    descriptors[at + FLAGS] = PACKET_OK;
    copyEndpoint(peer.endpoints, peer.endpointAt, batch.endpoints, row * ENDPOINT_WORDS);
    this.#runPackets++;
    this.#runBytes += length;
    return true;
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

  #drop(reason: DropReason): false {
    this.#counters.countDrop(reason);
    return false;
  }

  #dropOf(peer: Peer, reason: DropReason): false {
    peer.counters.countDrop(reason);
    return this.#drop(reason);
  }
}
