import type { DeviceKind, PacketBatch, PacketDevice } from "../contracts.ts";
import { argumentError, closedError, TunNativeError } from "../errors.ts";
import {
  CACHE_LINE_BYTES,
  DESCRIPTOR_WORDS,
  FLAGS,
  HEADROOM_BYTES,
  LENGTH,
  OFFSET,
  PACKET_OK,
  PACKET_TRUNCATED,
  TAILROOM_BYTES,
} from "../packet-batch.ts";
import type { Readable } from "./memory-poller.ts";

export interface MemoryDeviceOptions {
  readonly kind?: DeviceKind;
  readonly name?: string;
  /** As `TunDeviceOptions.maxFrameBytes`. Default 9216. */
  readonly maxFrameBytes?: number;
}

/** A device without a kernel: `inject` plays the host that sends, `written` is what the host would have received. */
export class MemoryDevice implements PacketDevice, Readable {
  readonly kind: DeviceKind;
  readonly name: string;
  readonly maxFrameBytes: number;
  /** Frames that were written, oldest first; copies. */
  readonly written: Uint8Array[] = [];
  /** false: writes are refused and counted, as with an interface that is down. */
  isUp = true;
  /** Of all frames of one read. */
  segmentGap = 0;
  #writeErrors = 0;
  #closed = false;
  #gone = false;
  readonly #frames: Uint8Array[] = [];

  constructor(options: MemoryDeviceOptions = {}) {
    this.kind = options.kind ?? "tun";
    this.name = options.name ?? `${this.kind}0`;
    this.maxFrameBytes = options.maxFrameBytes ?? 9216;
    if (this.maxFrameBytes < 1) throw argumentError("maxFrameBytes", this.maxFrameBytes, "a number of bytes");
  }

  /** Queues a copy of a frame for the next `read`. */
  inject(frame: Uint8Array): void {
    this.#frames.push(frame.slice());
  }

  /** Returns what was written since the last call, and forgets it. */
  take(): Uint8Array[] {
    return this.written.splice(0);
  }

  /** Makes the device behave as if its interface had been deleted. */
  delete(): void {
    this.#gone = true;
  }

  /** Every frame stays readable until it is read. */
  get pending(): boolean {
    return false;
  }

  get isReadable(): boolean {
    return this.#frames.length > 0 || this.#gone;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get writeErrors(): number {
    return this.#writeErrors;
  }

  read(batch: PacketBatch): number {
    this.#checkAlive("read");
    const room = HEADROOM_BYTES + this.maxFrameBytes + TAILROOM_BYTES;
    if (batch.bytes.length < room) throw batchError(`read ${this.name}: an arena of less than ${room} bytes`);
    let count = 0;
    let start = 0;
    while (count < batch.capacity && start + room <= batch.bytes.length) {
      const frame = this.#frames.shift();
      if (frame === undefined) break;
      const offset = start + HEADROOM_BYTES;
      const length = Math.min(frame.length, this.maxFrameBytes);
      batch.bytes.set(frame.subarray(0, length), offset);
      const row = count * DESCRIPTOR_WORDS;
      batch.descriptors[row + OFFSET] = offset;
      batch.descriptors[row + LENGTH] = length;
      batch.descriptors[row + FLAGS] = frame.length > length ? PACKET_TRUNCATED : PACKET_OK;
      count++;
      start =
        this.segmentGap > 0
          ? offset + length + this.segmentGap - HEADROOM_BYTES
          : Math.ceil((offset + length + TAILROOM_BYTES) / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
    }
    return count;
  }

  write(batch: PacketBatch, first: number, count: number): number {
    this.#checkAlive("write");
    let written = 0;
    for (let i = first; i < first + count; i++) {
      const frame = rowBytes(batch, i);
      if (!this.isUp || !this.#takes(frame)) {
        this.#writeErrors++;
        continue;
      }
      this.written.push(frame.slice());
      written++;
    }
    return written;
  }

  close(): void {
    this.#closed = true;
  }

  // What the kernel looks at before it takes a frame.
  #takes(frame: Uint8Array): boolean {
    if (this.kind === "tap") return frame.length >= 14;
    const version = (frame[0] ?? 0) >> 4;
    return version === 4 || version === 6;
  }

  #checkAlive(syscall: string): void {
    if (this.#closed) throw closedError(this.name);
    if (!this.#gone) return;
    const message = `${syscall} ${this.name}: EBADFD (File descriptor in bad state)`;
    throw new TunNativeError({ code: "EBADFD", syscall, object: this.name, errno: 77, message });
  }
}

/** The bytes of a row, not copied. @throws TunNativeError `ERR_BATCH` */
export function rowBytes(batch: PacketBatch, row: number): Uint8Array {
  const offset = batch.descriptors[row * DESCRIPTOR_WORDS + OFFSET] ?? -1;
  const length = batch.descriptors[row * DESCRIPTOR_WORDS + LENGTH] ?? -1;
  if (row < 0 || row >= batch.capacity || offset < 0 || length < 0 || offset + length > batch.bytes.length) {
    throw batchError(`row ${row} lies outside the arena`);
  }
  return batch.bytes.subarray(offset, offset + length);
}

function batchError(message: string): TunNativeError {
  return new TunNativeError({ code: "ERR_BATCH", message });
}
