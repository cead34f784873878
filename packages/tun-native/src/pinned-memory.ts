import type { MemoryOf } from "./binding.ts";
import type { PacketBatch } from "./contracts.ts";
import { loadBinding } from "./load-binding.ts";

/**
 * An array that the addon finds by a number: looking at a typed array anew in each call costs more than the call. It
 * must not be transferred to another thread. There are 1024 numbers per thread; beyond them the array itself is used.
 */
export class Pinned<T extends Uint8Array | Int32Array | Float64Array> {
  readonly array: T;
  /** For native calls. */
  memory: MemoryOf<T>;

  constructor(array: T) {
    this.array = array;
    const number = loadBinding().pinMemory(array);
    this.memory = number === 0 ? array : number;
  }

  /** Gives the number back. Idempotent; the array can be used as before. */
  release(): void {
    if (typeof this.memory === "number") loadBinding().unpinMemory(this.memory);
    this.memory = this.array;
  }
}

/** The arrays of a batch as native calls take them. */
export interface BatchMemory {
  readonly bytes: MemoryOf<Uint8Array>;
  readonly descriptors: MemoryOf<Int32Array>;
  readonly endpoints: MemoryOf<Int32Array>;
}

const forgotten = new FinalizationRegistry<readonly Pinned<Uint8Array | Int32Array>[]>((parts) => {
  for (const part of parts) part.release();
});

/** A batch whose memory the addon knows. A structured clone is a plain batch: the numbers belong to this thread. */
export class PinnedBatch implements PacketBatch {
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
    return batch instanceof PinnedBatch && batch.bytes.length > 0 ? batch.#memory : batch;
  }
}
