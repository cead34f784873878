/** Network → device: before and after the tag check, the decisions in the order of spec: satp-wire.md 9. */
import {
  CONTEXT,
  DESCRIPTOR_WORDS,
  ENDPOINT_WORDS,
  FLAGS,
  LENGTH,
  OFFSET,
  PACKET_FOLLOWS,
  PACKET_TRUNCATED,
  type PacketBatch,
} from "../batch/packet-batch.ts";
import { moveRow, wordAt } from "../batch/rows.ts";
import { isAuthentic, runEnd } from "../batch/runs.ts";
import { copyEndpoint } from "../peers/endpoint.ts";
import { Peer } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { SenderMemory } from "../peers/sender.ts";
import { SequenceCounter } from "../peers/sequence-counter.ts";
import { SequenceVerdict } from "../replay/sequence-verdict.ts";
import { readI32, readMux, readPayloadType, readSenderId } from "../wire/header.ts";
import { HEADER_BYTES, PAYLOAD_OFFSET, SEQUENCE_OFFSET } from "../wire/layout.ts";
import { type DeviceKind, deviceTakes } from "../wire/payload-type.ts";
import type { Counters } from "./counters.ts";
import { DropReason } from "./drop-reason.ts";
import type { Roaming } from "./roaming.ts";
import type { Routing, Strangers, TunnelConfig } from "./tunnel-config.ts";

type Keys = Pick<Strangers, "context" | "tagBytes">;

/** No payload has it. */
const NO_TYPE = -1;

export class Inbound {
  readonly #config: TunnelConfig;
  readonly #kind: DeviceKind;
  readonly #peers: PeerTable;
  readonly #memory: SenderMemory;
  readonly #counters: Counters;
  readonly #roaming: Roaming;
  /** See `Tunnel.lastReplayed`. */
  lastReplayed: Peer | undefined;
  /** See `Tunnel.strangers`, `Tunnel.routing` and `Tunnel.mux`. */
  strangers: Strangers | undefined;
  routing: Routing;
  mux: number;
  /** A run of datagrams of one peer is counted once, at its end. */
  #runPeer: Peer | undefined;
  #runPackets = 0;
  #runBytes = 0;
  /**
   * Of a burst, when its last datagram was newer than all before and came from its peer's endpoint: that peer. Of those
   * that follow it from there nothing is left to be noted but their numbers.
   */
  #steady: Peer | undefined;

  constructor(config: TunnelConfig, peers: PeerTable, memory: SenderMemory, counters: Counters, roaming: Roaming) {
    this.#config = config;
    // a constant of this program: text that came from another thread would be compared letter by letter
    this.#kind = config.kind === "tap" ? "tap" : "tun";
    this.#peers = peers;
    this.#memory = memory;
    this.#counters = counters;
    this.#roaming = roaming;
    this.strangers = config.autodetect;
    this.routing = config.routing;
    this.mux = config.mux;
  }

  /** See `Tunnel.classify`. */
  classify(batch: PacketBatch, count: number): number {
    const { bytes, descriptors } = batch;
    let kept = 0;
    // whose the datagram before was: nearly always this one's too
    let mux = 0;
    let keys: Keys | undefined;
    for (let row = 0; row < count; row++) {
      const at = row * DESCRIPTOR_WORDS;
      const length = wordAt(descriptors, at + LENGTH);
      if (
        keys === undefined ||
        wordAt(descriptors, at + FLAGS) === PACKET_TRUNCATED ||
        length < HEADER_BYTES + keys.tagBytes ||
        readMux(bytes, wordAt(descriptors, at + OFFSET)) !== mux
      ) {
        keys = this.#choose(batch, row);
        if (keys === undefined) continue;
        mux = readMux(bytes, wordAt(descriptors, at + OFFSET));
      }
      descriptors[at + CONTEXT] = keys.context;
      moveRow(batch, row, kept++);
    }
    return kept;
  }

  /** See `Tunnel.accept`. */
  accept(batch: PacketBatch, count: number, nowMs: number): number {
    const { bytes, descriptors } = batch;
    let kept = 0;
    let row = 0;
    while (row < count) {
      const at = row * DESCRIPTOR_WORDS;
      const peer = this.#steady;
      if (peer !== undefined && wordAt(descriptors, at + FLAGS) === PACKET_FOLLOWS) {
        const end = runEnd(descriptors, row, count, PACKET_FOLLOWS);
        if (peer.senders.follow(readI32(bytes, wordAt(descriptors, at + OFFSET) + SEQUENCE_OFFSET), end - row)) {
          kept = this.#takeRun(peer, batch, row, end, kept);
          row = end;
          continue;
        }
      }
      if (this.#deliver(batch, row, nowMs)) moveRow(batch, row, kept++);
      row++;
    }
    this.#steady = undefined;
    this.#countRun(undefined);
    return kept;
  }

  /** Steps 1 to 4: length, and whose keys open the datagram. Nothing is changed: nothing is verified yet. */
  #choose(batch: PacketBatch, row: number): Keys | undefined {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const length = wordAt(descriptors, at + LENGTH);
    if (wordAt(descriptors, at + FLAGS) === PACKET_TRUNCATED) return this.#refuse(undefined, DropReason.truncated);
    if (length < HEADER_BYTES) return this.#refuse(undefined, DropReason.tooShort);
    const peer = this.#peers.get(readMux(bytes, wordAt(descriptors, at + OFFSET)));
    const keys = peer ?? this.#expected();
    if (keys === undefined) return this.#refuse(undefined, DropReason.unknownMux);
    if (length < HEADER_BYTES + keys.tagBytes) return this.#refuse(peer, DropReason.tooShort);
    return keys;
  }

  /** Steps 5 to 7: the verdict on the tag, the peer, and the verdict on the number. */
  #deliver(batch: PacketBatch, row: number, nowMs: number): boolean {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const offset = wordAt(descriptors, at + OFFSET);
    const mux = readMux(bytes, offset);
    let peer = this.#peers.get(mux);
    this.#steady = undefined;
    if (!isAuthentic(wordAt(descriptors, at + FLAGS))) return this.#drop(peer, DropReason.badTag);
    let detected = false;
    if (peer === undefined) {
      peer = this.#detect(mux, batch, row);
      // an earlier datagram of this batch was the one that is detected
      if (peer === undefined) return this.#drop(undefined, DropReason.unknownMux);
      detected = true;
    }
    const verdict = peer.senders.judge(readSenderId(bytes, offset), readI32(bytes, offset + SEQUENCE_OFFSET));
    const isAccepted = this.#conclude(peer, verdict, batch, row, nowMs);
    if (detected && verdict !== SequenceVerdict.senderLimit) this.#config.events.peerDetected(peer);
    return isAccepted;
  }

  /** Steps 8 to 10 for a datagram of an authenticated peer: all that it may change. */
  #conclude(peer: Peer, verdict: SequenceVerdict, batch: PacketBatch, row: number, nowMs: number): boolean {
    const { bytes } = batch;
    const offset = wordAt(batch.descriptors, row * DESCRIPTOR_WORDS + OFFSET);
    this.#steady = undefined;
    if (verdict === SequenceVerdict.senderLimit) return this.#drop(peer, DropReason.senderLimit);
    if (verdict === SequenceVerdict.replayed) {
      peer.lastReplaySequence = readI32(bytes, offset + SEQUENCE_OFFSET) >>> 0;
      peer.lastReplaySenderId = readSenderId(bytes, offset);
      copyEndpoint(batch.endpoints, row * ENDPOINT_WORDS, peer.lastReplayEndpoint, 0);
      this.lastReplayed = peer;
      return this.#drop(peer, DropReason.replay);
    }
    const isSteady = this.#roaming.follow(peer, verdict, batch, row, nowMs);
    if (!this.#take(peer, batch, row)) return false;
    this.#count(peer, 1, wordAt(batch.descriptors, row * DESCRIPTOR_WORDS + LENGTH));
    if (isSteady) this.#steady = peer;
    return true;
  }

  /** Whether there is something in it for the device; the row is the frame then, and yet to be counted. */
  #take(peer: Peer, batch: PacketBatch, row: number): boolean {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const offset = wordAt(descriptors, at + OFFSET);
    const payloadBytes = wordAt(descriptors, at + LENGTH) - PAYLOAD_OFFSET;
    if (payloadBytes <= 0) return this.#drop(peer, DropReason.emptyPayload);
    if (!deviceTakes(this.#kind, readPayloadType(bytes, offset))) return this.#drop(peer, DropReason.wrongType);
    descriptors[at + OFFSET] = offset + PAYLOAD_OFFSET;
    descriptors[at + LENGTH] = payloadBytes;
    return true;
  }

  /** Rows `[row, end)`, as `#take` does with each. @returns how many rows are kept then */
  #takeRun(peer: Peer, batch: PacketBatch, row: number, end: number, kept: number): number {
    const { bytes, descriptors } = batch;
    let next = kept;
    let runBytes = 0;
    // of the row that was taken last: nearly always this one's too, and then the device takes it
    let type = NO_TYPE;
    for (let from = row; from < end; from++) {
      const at = from * DESCRIPTOR_WORDS;
      const offset = wordAt(descriptors, at + OFFSET);
      const payloadBytes = wordAt(descriptors, at + LENGTH) - PAYLOAD_OFFSET;
      if (payloadBytes > 0 && readPayloadType(bytes, offset) === type) {
        descriptors[at + OFFSET] = offset + PAYLOAD_OFFSET;
        descriptors[at + LENGTH] = payloadBytes;
      } else {
        if (!this.#take(peer, batch, from)) continue;
        type = readPayloadType(bytes, offset);
      }
      runBytes += payloadBytes;
      moveRow(batch, from, next++);
    }
    if (next > kept) this.#count(peer, next - kept, runBytes);
    return next;
  }

  #count(peer: Peer, packets: number, bytes: number): void {
    if (peer !== this.#runPeer) this.#countRun(peer);
    this.#runPackets += packets;
    this.#runBytes += bytes;
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
  #expected(): Strangers | undefined {
    return this.#peers.size === 0 ? this.strangers : undefined;
  }

  /**
   * The first authenticated datagram makes its mux a peer, for which there is one place. (With tags of
   * 0 bytes every datagram counts as authenticated, as with the originals.)
   */
  #detect(mux: number, batch: PacketBatch, row: number): Peer | undefined {
    const stranger = this.#expected();
    if (stranger === undefined) return undefined;
    const at = row * ENDPOINT_WORDS;
    const endpoint = batch.endpoints.slice(at, at + ENDPOINT_WORDS);
    const hasNumbers = this.routing === "single" || mux === this.mux;
    const sequence = hasNumbers ? stranger.sequence : new SequenceCounter();
    const windowSize = stranger.windowSize ?? this.#config.windowSize;
    const peer = new Peer({ ...stranger, mux, endpoint, sequence }, windowSize, this.#memory);
    this.#peers.add(peer);
    return peer;
  }

  #refuse(peer: Peer | undefined, reason: DropReason): undefined {
    this.#drop(peer, reason);
    return undefined;
  }

  #drop(peer: Peer | undefined, reason: DropReason): false {
    peer?.counters.countDrop(reason);
    this.#counters.countDrop(reason);
    return false;
  }
}
