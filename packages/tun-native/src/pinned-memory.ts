import type { MemoryNumber } from "./binding.ts";
import type { PacketBatch } from "./contracts.ts";
import { loadBinding } from "./load-binding.ts";
import { check } from "./system-error.ts";

/**
 * An array that the addon finds by a number: looking at a typed array anew in each call costs more than the call. It
 * must not be transferred to another thread.
 */
export class Pinned<T extends Uint8Array | Int32Array | Float64Array> {
  readonly array: T;
  /** For native calls; 0, which is nobody's, when it was released. */
  memory: MemoryNumber;

  /** @throws TunNativeError `ENOMEM` */
  constructor(array: T) {
    this.array = array;
    this.memory = check(loadBinding().pinMemory(array), "realloc", "pinned memory");
  }

  /** Gives the number back. Idempotent; the array can be used as before. */
  release(): void {
    if (this.memory !== 0) loadBinding().unpinMemory(this.memory);
    this.memory = 0;
  }
}

/** The arrays of a batch as native calls take them. */
export interface BatchMemory {
  readonly bytes: MemoryNumber;
  readonly descriptors: MemoryNumber;
  readonly endpoints: MemoryNumber;
}

const NOTHING: BatchMemory = { bytes: 0, descriptors: 0, endpoints: 0 };

const forgotten = new FinalizationRegistry<readonly Pinned<Uint8Array | Int32Array>[]>((parts) => {
  for (const part of parts) part.release();
});

/** A batch whose memory the addon knows. A structured clone is a plain batch: the numbers belong to this thread. */
export class PinnedBatch implements PacketBatch {
  /** Batches of other classes, by themselves. */
  static readonly #plain = new WeakMap<PacketBatch, PinnedBatch>();
  readonly capacity: number;
  readonly bytes: Uint8Array;
  readonly descriptors: Int32Array;
  readonly endpoints: Int32Array;
  readonly #memory: BatchMemory;

  /** All arrays must lie in one buffer: transferring a part then transfers all. */
  constructor({ capacity, bytes, descriptors, endpoints }: PacketBatch) {
    this.capacity = capacity;
    this.bytes = bytes;
    this.descriptors = descriptors;
    this.endpoints = endpoints;
    const parts = [new Pinned(bytes), new Pinned(descriptors), new Pinned(endpoints)] as const;
    this.#memory = { bytes: parts[0].memory, descriptors: parts[1].memory, endpoints: parts[2].memory };
    forgotten.register(this, parts);
  }

  /** What to hand to native calls for any batch. */
  static memoryOf(batch: PacketBatch): BatchMemory {
    // a transferred buffer has no bytes left, and its number leads to memory of somebody else
    if (batch.bytes.length === 0) return NOTHING;
    return batch instanceof PinnedBatch ? batch.#memory : PinnedBatch.#memoryOfPlain(batch);
  }

  static #memoryOfPlain(batch: PacketBatch): BatchMemory {
    if (batch.descriptors.length === 0 || batch.endpoints.length === 0) return NOTHING;
    let pinned = PinnedBatch.#plain.get(batch);
    if (pinned === undefined) {
      pinned = new PinnedBatch(batch);
      PinnedBatch.#plain.set(batch, pinned);
    }
    return pinned.#memory;
  }
}
