import type { BatchCipher, PacketBatch, Tunnel } from "satp-core";
import {
  DESCRIPTOR_WORDS,
  ENDPOINT_SOCKET,
  ENDPOINT_WORDS,
  FLAGS,
  HEADER_BYTES,
  LENGTH,
  OFFSET,
  PACKET_SEGMENT,
  PAYLOAD_TYPE_BYTES,
} from "satp-core";
import type { DatagramSocket, PacketDevice, Poller } from "tun-native";
import { clampMss, isOrdinary } from "./mss-clamp.ts";
import { TooBigAnswers } from "./too-big-answers.ts";

/** Everything the packets pass through, opened by somebody else and closed by {@link DataPlane.close}. */
export interface DataPlaneParts {
  readonly device: PacketDevice;
  /** Socket `i` has `id` `i`. */
  readonly sockets: readonly DatagramSocket[];
  /** Sources in this order: the device, then the sockets. */
  readonly poller: Poller;
  readonly cipher: BatchCipher;
  readonly tunnel: Tunnel;
  /** Arena of the outbound direction. */
  readonly frames: PacketBatch;
  /** Arena of the inbound direction. */
  readonly datagrams: PacketBatch;
}

const DEVICE_READY = 1;
/** Bytes of a long burst. */
const BULK_BYTES = 32 * 1024;
/**
 * After so many bursts of that size from the device others must have the processor once: the other end may be on this machine,
 * and what waits in its socket is what every packet has to wait behind. More often costs more than it gains.
 */
const BULK_BURSTS = 8;
/** Where their count begins after that took long: on a busy machine a stream would wait for other programs most of the time. */
const CROWDED_BURSTS = -64 * BULK_BURSTS;
/**
 * After so many small packets others must have the processor: whoever takes them here has room for few in his socket, and what
 * more comes in before he runs is lost.
 */
const CROWD_PACKETS = 32;

/** For {@link DataPlane.turn}: after a burst, instead of a longest wait. */
export const AGAIN = -2;

/**
 * One thread's packet path. A turn waits for the kernel, then moves one burst from the device to
 * the network and one from each socket to the device, so that neither direction starves the other.
 */
export class DataPlane {
  /** Longest IP packet that TCP connections through the tunnel are told of, in bytes; 0 = they are not told. */
  packetLimit = 0;
  // one by one, not as `parts`: whatever the object that they came in looks like, the compiler sees one shape
  readonly #device: PacketDevice;
  readonly #sockets: readonly DatagramSocket[];
  readonly #poller: Poller;
  readonly #cipher: BatchCipher;
  readonly #tunnel: Tunnel;
  readonly #frames: PacketBatch;
  readonly #datagrams: PacketBatch;
  readonly #isTap: boolean;
  readonly #tooBig: TooBigAnswers;
  /** Whether the last turn moved that much. */
  #wasBulk = false;
  /** Bursts of that size from the device since others had the processor. */
  #bulkBursts = 0;
  /** Whether it moved that many. */
  #wasCrowd = false;

  constructor(parts: DataPlaneParts) {
    this.#device = parts.device;
    this.#sockets = parts.sockets;
    this.#poller = parts.poller;
    this.#cipher = parts.cipher;
    this.#tunnel = parts.tunnel;
    this.#frames = parts.frames;
    this.#datagrams = parts.datagrams;
    this.#isTap = parts.device.kind === "tap";
    this.#tooBig = new TooBigAnswers(parts.device);
  }

  /** Bytes of the longest tag: what the kernel delivers in one piece is read so that its datagrams will lie end to end. */
  set tagBytes(bytes: number) {
    this.#device.segmentGap = HEADER_BYTES + PAYLOAD_TYPE_BYTES + bytes;
  }

  /** Frames of the device that were too long and whose senders were told so. */
  get tooBigAnswers(): number {
    return this.#tooBig.sent;
  }

  /**
   * Waits for packets and moves one burst of each ready source. One method for both kinds of wait: the compiler would take all
   * that moves packets into each of two, and a lonely answer would come upon code that no request has warmed.
   * @param timeoutMs longest wait, -1 for ever, 0 not at all; {@link AGAIN} as 0 for after a burst: behind many small packets or
   *   several long bursts others go first, and it waits awhile when that pays, see `Poller.giveWay` and `Poller.look`
   * @returns whether there was anything
   * @throws TunNativeError when the device or a socket is gone
   */
  turn(timeoutMs: number): boolean {
    // frames that were read from the kernel already are nothing to wait for
    const { pending } = this.#device;
    const waits = !pending && timeoutMs !== AGAIN;
    const ready = pending || waits ? this.#poller.wait(waits ? timeoutMs : 0) : this.#lookAgain();
    return this.#move(pending, ready);
  }

  #lookAgain(): number {
    const poller = this.#poller;
    if (this.#bulkBursts >= BULK_BURSTS) {
      const ready = poller.giveWay();
      this.#bulkBursts = poller.crowded ? CROWDED_BURSTS : 0;
      return ready;
    }
    return this.#wasCrowd && !this.#wasBulk ? poller.giveWay() : poller.look();
  }

  /** A burst of each ready source. @returns whether there was any */
  #move(pending: boolean, ready: number): boolean {
    const sockets = this.#sockets;
    const { counters } = this.#tunnel;
    const { bytesOut } = counters;
    const bytes = bytesOut + counters.bytesIn;
    const packets = counters.packetsOut + counters.packetsIn;
    if (pending || (ready & DEVICE_READY) !== 0) this.outboundBurst();
    for (let i = 0; i < sockets.length; i++) {
      const socket = sockets[i];
      if (socket !== undefined && (ready & (2 << i)) !== 0) this.inboundBurst(socket);
    }
    this.#wasBulk = counters.bytesOut + counters.bytesIn - bytes >= BULK_BYTES;
    if (counters.bytesOut - bytesOut >= BULK_BYTES) this.#bulkBursts += 1;
    this.#wasCrowd = counters.packetsOut + counters.packetsIn - packets >= CROWD_PACKETS;
    return pending || ready !== 0;
  }

  /** Device → network. Returns the number of datagrams handed to the sockets, copies for candidates not counted. */
  outboundBurst(): number {
    const frames = this.#frames;
    const { now } = this.#poller;
    const read = this.#device.read(frames);
    this.#tooBig.answer(frames, read, now);
    this.#clamp(frames, read);
    const ready = this.#tunnel.outbound(frames, read, now);
    if (ready === 0) return 0;
    this.#cipher.seal(frames, 0, ready);
    this.#send(frames, ready);
    const copies = this.#tunnel.copies(frames, ready, now);
    if (copies > 0) this.#send(frames, copies);
    return ready;
  }

  /** Empty datagrams that are due → network, see `Tunnel.keepAlive`. Returns their number. */
  keepAlive(): number {
    // between two turns nothing of the frames is in use
    const frames = this.#frames;
    const { now } = this.#poller;
    const ready = this.#tunnel.keepAlive(frames, now);
    if (ready === 0) return 0;
    this.#cipher.seal(frames, 0, ready);
    this.#send(frames, ready);
    const copies = this.#tunnel.copies(frames, ready, now);
    if (copies > 0) this.#send(frames, copies);
    return ready;
  }

  /** Network → device. Returns the number of frames that the device took. */
  inboundBurst(socket: DatagramSocket): number {
    const datagrams = this.#datagrams;
    const received = socket.receive(datagrams);
    const known = this.#tunnel.classify(datagrams, received);
    if (known === 0) return 0;
    this.#cipher.open(datagrams, 0, known);
    const accepted = this.#tunnel.accept(datagrams, known, this.#poller.now);
    if (accepted === 0) return 0;
    this.#clamp(datagrams, accepted);
    return this.#device.write(datagrams, 0, accepted);
  }

  /** Rows `[0, count)` to their endpoints, each through its own socket. */
  #send(batch: PacketBatch, count: number): void {
    let first = 0;
    while (first < count) {
      const id = socketOf(batch, first);
      let end = first + 1;
      while (end < count && socketOf(batch, end) === id) end++;
      this.#sockets[id]?.send(batch, first, end - first);
      first = end;
    }
  }

  #clamp(batch: PacketBatch, count: number): void {
    const limit = this.packetLimit;
    if (limit === 0) return;
    const { bytes, descriptors } = batch;
    const isTap = this.#isTap;
    for (let row = 0; row < count; row++) {
      const at = row * DESCRIPTOR_WORDS;
      if (descriptors[at + FLAGS] === PACKET_SEGMENT) continue;
      const offset = descriptors[at + OFFSET] ?? 0;
      if (!isTap && isOrdinary(bytes, offset)) continue;
      clampMss(bytes, offset, descriptors[at + LENGTH] ?? 0, isTap, limit);
    }
  }

  /** Closes everything the plane was made of. Idempotent. */
  close(): void {
    this.#poller.close();
    for (const socket of this.#sockets) socket.close();
    this.#device.close();
    this.#cipher.close();
  }
}

function socketOf(batch: PacketBatch, row: number): number {
  return batch.endpoints[row * ENDPOINT_WORDS + ENDPOINT_SOCKET] ?? 0;
}
