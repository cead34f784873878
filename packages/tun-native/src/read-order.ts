import type { PacketBatch } from "./contracts.ts";
import { Pinned, PinnedBatch } from "./pinned-memory.ts";

// Words of an order, shared with native/read_order.h.
const KIND = 0;
const FD = 1;
const NUMBER = 2;
const JOINING = 3;
const QUEUE = 4;
const STATE = 5;
const COUNTERS = 6;
const BYTES = 7;
const DESCRIPTORS = 8;
const ENDPOINTS = 9;
const RESULT = 10;
const WORDS = 11;

/** What a poller calls for this source. */
export const OrderKind = { queue: 1, datagrams: 2 } as const;

type AnyPinned = Pinned<Uint8Array | Int32Array | Float64Array>;

/** What the addon needs to know of a source besides the batch. */
export interface OrderParts {
  readonly kind: (typeof OrderKind)[keyof typeof OrderKind];
  readonly fd: number;
  /** The longest frame, or the number of the socket. */
  readonly number: number;
  readonly isJoining?: 0 | 1;
  readonly queue?: AnyPinned;
  readonly state?: AnyPinned;
  readonly counters: AnyPinned;
}

/**
 * A poller's order to read a source into a batch as soon as the source is readable: a call into the addon costs more
 * than what it does for a lonely packet. The source answers its next read of this batch from here.
 */
export class ReadOrder {
  readonly #batch: PacketBatch;
  readonly #words: Pinned<Int32Array> = new Pinned(new Int32Array(WORDS));

  private constructor(batch: PacketBatch) {
    this.#batch = batch;
  }

  static create(parts: OrderParts, batch: PacketBatch): ReadOrder {
    const { bytes, descriptors, endpoints } = PinnedBatch.memoryOf(batch);
    const order = new ReadOrder(batch);
    const words = order.#words.array;
    words[KIND] = parts.kind;
    words[FD] = parts.fd;
    words[NUMBER] = parts.number;
    words[JOINING] = parts.isJoining ?? 0;
    words[QUEUE] = parts.queue?.memory ?? 0;
    words[STATE] = parts.state?.memory ?? 0;
    words[COUNTERS] = parts.counters.memory;
    words[BYTES] = bytes;
    words[DESCRIPTORS] = descriptors;
    words[ENDPOINTS] = endpoints;
    return order;
  }

  /** Whether a poller may follow it. */
  get isLive(): boolean {
    return this.#words.array[KIND] !== 0;
  }

  /** For the addon. */
  get number(): number {
    return this.#words.memory;
  }

  /** What was read into this batch: rows + 1, or -errno; 0 when nothing was. It is given once. */
  take(batch: PacketBatch): number {
    const words = this.#words.array;
    if (batch !== this.#batch) return 0;
    const result = words[RESULT] ?? 0;
    words[RESULT] = 0;
    return result;
  }

  /** Idempotent. */
  release(): void {
    this.#words.array[KIND] = 0;
    this.#words.release();
  }
}
