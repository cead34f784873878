/** Network → device: before and after the tag check, the decisions in the order of spec: satp-wire.md 9. */
import {
  CONTEXT,
  DESCRIPTOR_WORDS,
  ENDPOINT_WORDS,
  FLAGS,
  LENGTH,
  OFFSET,
  PACKET_OK,
  PACKET_TRUNCATED,
  type PacketBatch,
} from "../batch/packet-batch.ts";
import { moveRow, wordAt } from "../batch/rows.ts";
import { copyEndpoint } from "../peers/endpoint.ts";
import { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { SenderMemory } from "../peers/sender.ts";
import { SequenceVerdict } from "../replay/sequence-verdict.ts";
import { readI32, readMux, readPayloadType, readSenderId } from "../wire/header.ts";
import { HEADER_BYTES, PAYLOAD_OFFSET, SEQUENCE_OFFSET } from "../wire/layout.ts";
import { type DeviceKind, deviceTakes } from "../wire/payload-type.ts";
import type { Counters } from "./counters.ts";
import { DropReason } from "./drop-reason.ts";
import type { Roaming } from "./roaming.ts";
import type { TunnelConfig } from "./tunnel-config.ts";

export class Inbound {
  readonly #config: TunnelConfig;
  readonly #kind: DeviceKind;
  readonly #peers: PeerTable;
  readonly #memory: SenderMemory;
  readonly #counters: Counters;
  readonly #roaming: Roaming;
  /** A run of datagrams of one peer is counted once, at its end. */
  #runPeer: Peer | undefined;
  #runPackets = 0;
  #runBytes = 0;

  constructor(config: TunnelConfig, peers: PeerTable, memory: SenderMemory, counters: Counters, roaming: Roaming) {
    this.#config = config;
    // a constant of this program: text that came from another thread would be compared letter by letter
    this.#kind = config.kind === "tap" ? "tap" : "tun";
    this.#peers = peers;
    this.#memory = memory;
    this.#counters = counters;
    this.#roaming = roaming;
  }

  /** See `Tunnel.classify`. */
  classify(batch: PacketBatch, count: number): number {
    let kept = 0;
    for (let row = 0; row < count; row++) {
      if (!this.#choose(batch, row)) continue;
      moveRow(batch, row, kept++);
    }
    return kept;
  }

  /** See `Tunnel.accept`. */
  accept(batch: PacketBatch, count: number, nowMs: number): number {
    let kept = 0;
    for (let row = 0; row < count; row++) {
      if (!this.#deliver(batch, row, nowMs)) continue;
      moveRow(batch, row, kept++);
    }
    this.#countRun(undefined);
    return kept;
  }

  /** Steps 1 to 4: length, and whose keys open the datagram. Nothing is changed: nothing is verified yet. */
  #choose(batch: PacketBatch, row: number): boolean {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const length = wordAt(descriptors, at + LENGTH);
    if (wordAt(descriptors, at + FLAGS) === PACKET_TRUNCATED) return this.#drop(undefined, DropReason.truncated);
    if (length < HEADER_BYTES) return this.#drop(undefined, DropReason.tooShort);
    const peer = this.#peers.get(readMux(bytes, wordAt(descriptors, at + OFFSET)));
    const keys = peer ?? this.#strangerKeys();
    if (keys === undefined) return this.#drop(undefined, DropReason.unknownMux);
    if (length < HEADER_BYTES + keys.tagBytes) return this.#drop(peer, DropReason.tooShort);
    descriptors[at + CONTEXT] = keys.context;
    return true;
  }

  /** Steps 5 to 10: the verdict on the tag, then all that an authenticated datagram may change. */
  #deliver(batch: PacketBatch, row: number, nowMs: number): boolean {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const offset = wordAt(descriptors, at + OFFSET);
    const mux = readMux(bytes, offset);
    let peer = this.#peers.get(mux);
    if (wordAt(descriptors, at + FLAGS) !== PACKET_OK) return this.#drop(peer, DropReason.badTag);
    let detected = false;
    if (peer === undefined) {
      peer = this.#detect(mux, batch, row);
      // an earlier datagram of this batch was the one that is detected
      if (peer === undefined) return this.#drop(undefined, DropReason.unknownMux);
      detected = true;
    }

    const sequence = readI32(bytes, offset + SEQUENCE_OFFSET);
    const senderId = readSenderId(bytes, offset);
    const verdict = peer.senders.judge(senderId, sequence);
    if (verdict === SequenceVerdict.senderLimit) return this.#drop(peer, DropReason.senderLimit);
    if (verdict === SequenceVerdict.replayed) {
      peer.lastReplaySequence = sequence >>> 0;
      peer.lastReplaySenderId = senderId;
      copyEndpoint(batch.endpoints, row * ENDPOINT_WORDS, peer.lastReplayEndpoint, 0);
      return this.#drop(peer, DropReason.replay);
    }
    this.#roaming.follow(peer, verdict, batch, row, nowMs);
    if (detected) this.#config.events.peerDetected(peer);

    const payloadBytes = wordAt(descriptors, at + LENGTH) - PAYLOAD_OFFSET;
    if (payloadBytes <= 0) return this.#drop(peer, DropReason.emptyPayload);
    if (!deviceTakes(this.#kind, readPayloadType(bytes, offset))) return this.#drop(peer, DropReason.wrongType);
    descriptors[at + OFFSET] = offset + PAYLOAD_OFFSET;
    descriptors[at + LENGTH] = payloadBytes;
    if (peer !== this.#runPeer) this.#countRun(peer);
    this.#runPackets++;
    this.#runBytes += payloadBytes;
    return true;
  }

  /** Ends the run of datagrams of one peer and begins one of `next`. */
  #countRun(next: Peer | undefined): void {
    const peer = this.#runPeer;
    if (peer !== undefined) {
      peer.countIn(this.#runPackets, this.#runBytes);
      this.#counters.countIn(this.#runPackets, this.#runBytes);
    }
    this.#runPeer = next;
    this.#runPackets = 0;
    this.#runBytes = 0;
  }

  /** Keys to try on a datagram of an unknown mux: only while there is no peer at all. */
  #strangerKeys(): TunnelConfig["autodetect"] {
    return this.#peers.size === 0 ? this.#config.autodetect : undefined;
  }

  /**
   * The first authenticated datagram makes its mux a peer, for which there is one place. (With tags of
   * 0 bytes every datagram counts as authenticated, as with the originals.)
   */
  #detect(mux: number, batch: PacketBatch, row: number): Peer | undefined {
    const keys = this.#strangerKeys();
    if (keys === undefined) return undefined;
    const at = row * ENDPOINT_WORDS;
    const endpoint = batch.endpoints.slice(at, at + ENDPOINT_WORDS);
    const peer = new Peer({ ...keys, mux, endpoint }, this.#config.windowSize, this.#memory);
    this.#peers.add(peer);
    return peer;
  }

  #drop(peer: Peer | undefined, reason: DropReason): false {
    peer?.counters.countDrop(reason);
    this.#counters.countDrop(reason);
    return false;
  }
}
