/** Device and socket of the warm-up: the device delivers sample frames, the socket gives back what was sent. */
import { DESCRIPTOR_WORDS, ENDPOINT_WORDS } from "satp-core";
import { sampleFrames } from "./sample-frames.js";

const STRIDE = 512;
const HEADROOM = 64;
export class SampleDevice {
  name = "samples";
  pending = false;
  writeErrors = 0;
  kind;
  /** Frames of the next `read`. */
  burst = 1;
  /** Frames written. */
  written = 0;
  #frames;
  #next = 0;
  constructor(kind) {
    this.kind = kind;
    this.#frames = sampleFrames(kind);
  }
  read(batch) {
    for (let row = 0; row < this.burst; row++) {
      const frame = this.#frames[this.#next++ % this.#frames.length] ?? new Uint8Array();
      const at = row * STRIDE + HEADROOM;
      batch.bytes.set(frame, at);
      batch.descriptors.set([at, frame.length, 0, 0], row * DESCRIPTOR_WORDS);
    }
    return this.burst;
  }
  write(_batch, _first, count) {
    this.written += count;
    return count;
  }
  close() {}
}
/** Receives into the batch of frames itself: the warm-up's data plane has one batch for both directions. */
export class LoopbackSocket {
  family = 4;
  port = 4444;
  address = "192.0.2.1";
  id = 0;
  sendErrors = new Float64Array(4);
  lastSendErrno = 0;
  #rows;
  #endpoint;
  #waiting = 0;
  constructor(capacity, endpoint) {
    this.#rows = new Int32Array(capacity * DESCRIPTOR_WORDS);
    this.#endpoint = endpoint;
  }
  send(batch, first, count) {
    const begin = first * DESCRIPTOR_WORDS;
    this.#rows.set(batch.descriptors.subarray(begin, begin + count * DESCRIPTOR_WORDS));
    this.#waiting = count;
    return count;
  }
  receive(batch) {
    const count = this.#waiting;
    this.#waiting = 0;
    batch.descriptors.set(this.#rows.subarray(0, count * DESCRIPTOR_WORDS));
    for (let row = 0; row < count; row++) batch.endpoints.set(this.#endpoint, row * ENDPOINT_WORDS);
    return count;
  }
  close() {}
}
/** Device and socket are always ready. */
export class ReadyPoller {
  woken = false;
  /** A fraction, as the clock has: a whole number would be another type to the compiler. */
  now = 0.5;
  wait() {
    this.now += 0.25;
    return 0b11;
  }
  close() {}
}
//# sourceMappingURL=loopback.js.map
