/** Device and socket of the warm-up: the device delivers sample frames, the socket gives back what was sent. */
import { DESCRIPTOR_WORDS, type DeviceKind, ENDPOINT_WORDS, type PacketBatch } from "satp-core";
import type { DatagramSocket, PacketDevice, Poller } from "tun-native";
import { sampleFrames } from "./sample-frames.ts";

const STRIDE = 512;
const HEADROOM = 64;

export class SampleDevice implements PacketDevice {
  readonly name = "samples";
  readonly pending = false;
  readonly writeErrors = 0;
  readonly maxFrameBytes = 9216;
  readonly kind: DeviceKind;
  /** Frames of the next `read`. */
  burst = 1;
  /** Frames written. */
  written = 0;
  readonly #frames: readonly Uint8Array[];
  #next = 0;

  constructor(kind: DeviceKind) {
    this.kind = kind;
    this.#frames = sampleFrames(kind);
  }

  read(batch: PacketBatch): number {
    for (let row = 0; row < this.burst; row++) {
      const frame = this.#frames[this.#next++ % this.#frames.length] ?? new Uint8Array();
      const at = row * STRIDE + HEADROOM;
      batch.bytes.set(frame, at);
      batch.descriptors.set([at, frame.length, 0, 0], row * DESCRIPTOR_WORDS);
    }
    return this.burst;
  }

  write(_batch: PacketBatch, _first: number, count: number): number {
    this.written += count;
    return count;
  }

  close(): void {}
}

/** Receives into the batch of frames itself: the warm-up's data plane has one batch for both directions. */
export class LoopbackSocket implements DatagramSocket {
  readonly family = 4;
  readonly port = 4444;
  readonly address = "192.0.2.1";
  readonly id = 0;
  readonly sendErrors: Float64Array = new Float64Array(4);
  readonly lastSendErrno = 0;
  readonly #rows: Int32Array;
  readonly #endpoint: Int32Array;
  #waiting = 0;

  constructor(capacity: number, endpoint: Int32Array) {
    this.#rows = new Int32Array(capacity * DESCRIPTOR_WORDS);
    this.#endpoint = endpoint;
  }

  send(batch: PacketBatch, first: number, count: number): number {
    const begin = first * DESCRIPTOR_WORDS;
    this.#rows.set(batch.descriptors.subarray(begin, begin + count * DESCRIPTOR_WORDS));
    this.#waiting = count;
    return count;
  }

  receive(batch: PacketBatch): number {
    const count = this.#waiting;
    this.#waiting = 0;
    batch.descriptors.set(this.#rows.subarray(0, count * DESCRIPTOR_WORDS));
    for (let row = 0; row < count; row++) batch.endpoints.set(this.#endpoint, row * ENDPOINT_WORDS);
    return count;
  }

  close(): void {}
}

/** Device and socket are always ready. */
export class ReadyPoller implements Poller {
  readonly woken = false;
  /** A fraction, as the clock has: a whole number would be another type to the compiler. */
  now = 0.5;

  wait(): number {
    this.now += 0.25;
    return 0b11;
  }

  close(): void {}
}
