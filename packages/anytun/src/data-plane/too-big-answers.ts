import { createBatch, DESCRIPTOR_WORDS, FLAGS, LENGTH, OFFSET, PACKET_TRUNCATED, type PacketBatch } from "satp-core";
import type { PacketDevice } from "tun-native";
import { MOST_ANSWER_BYTES, writeTooBig } from "./too-big.ts";

/** Answers at most: one would do for each sender, and none is worth a flood. */
const MOST_PER_SECOND = 100;
const MOST_AT_ONCE = 16;

/**
 * Tells the senders of frames that were too long for the arena, so that these do not just vanish. Costs a look at each
 * row's flags; everything else only happens while somebody sends such frames.
 */
export class TooBigAnswers {
  /** Answers that the device took. */
  sent = 0;
  readonly #device: PacketDevice;
  readonly #answers: PacketBatch = createBatch(MOST_AT_ONCE, MOST_ANSWER_BYTES);
  #second = Number.NEGATIVE_INFINITY;
  #sentInSecond = 0;

  constructor(device: PacketDevice) {
    this.#device = device;
  }

  /**
   * Looks at what the device was just read into, rows `[0, count)`.
   * @param nowMs monotonic milliseconds
   * @throws TunNativeError when the device is gone
   */
  answer(frames: PacketBatch, count: number, nowMs: number): void {
    const { descriptors } = frames;
    let answers = 0;
    for (let row = 0; row < count; row++) {
      const at = row * DESCRIPTOR_WORDS;
      if (descriptors[at + FLAGS] !== PACKET_TRUNCATED) continue;
      if (answers >= this.#allowed(nowMs)) break;
      if (this.#write(frames, at, answers)) answers++;
    }
    if (answers === 0) return;
    this.#sentInSecond += answers;
    this.sent += this.#device.write(this.#answers, 0, answers);
  }

  #allowed(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#sentInSecond = 0;
    }
    return Math.min(MOST_AT_ONCE, MOST_PER_SECOND - this.#sentInSecond);
  }

  #write(frames: PacketBatch, at: number, answer: number): boolean {
    const { kind, maxFrameBytes } = this.#device;
    const { bytes, descriptors } = this.#answers;
    const offset = frames.descriptors[at + OFFSET] ?? 0;
    const length = frames.descriptors[at + LENGTH] ?? 0;
    const to = answer * MOST_ANSWER_BYTES;
    const written = writeTooBig(frames.bytes, offset, length, kind === "tap", maxFrameBytes, bytes, to);
    descriptors[answer * DESCRIPTOR_WORDS + LENGTH] = written;
    return written > 0;
  }
}
