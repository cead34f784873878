/** Sealing and opening of batches on node:crypto alone: the portable path, and the oracle for faster ones. */
import {
  CONTEXT,
  DESCRIPTOR_WORDS,
  FLAGS,
  LENGTH,
  OFFSET,
  PACKET_BAD_TAG,
  PACKET_OK,
  type PacketBatch,
} from "../batch/packet-batch.ts";
import { wordAt } from "../batch/rows.ts";
import { markRuns } from "../batch/runs.ts";
import { SatpError } from "../errors.ts";
import type { BatchCipher, CipherContext } from "./batch-cipher.ts";
import { PacketKeys } from "./packet-keys.ts";

/**
 * A batch cipher without native code. Rows with a context number that was not given out throw
 * SatpError `context-unknown`: that is a mistake of the caller, never of a datagram.
 */
export function nodeBatchCipher(): BatchCipher {
  return new NodeBatchCipher();
}

class NodeBatchCipher implements BatchCipher {
  /** By context number; undefined where one was removed. */
  readonly #contexts: (PacketKeys | undefined)[] = [];

  addContext(context: CipherContext): number {
    const keys = new PacketKeys(context);
    const free = this.#contexts.indexOf(undefined);
    const id = free < 0 ? this.#contexts.length : free;
    this.#contexts[id] = keys;
    return id;
  }

  removeContext(id: number): void {
    this.#keys(id).close();
    this.#contexts[id] = undefined;
  }

  seal(batch: PacketBatch, first: number, count: number): void {
    const { bytes, descriptors } = batch;
    for (let row = first; row < first + count; row++) {
      const at = row * DESCRIPTOR_WORDS;
      const keys = this.#keys(wordAt(descriptors, at + CONTEXT));
      descriptors[at + LENGTH] = keys.seal(bytes, wordAt(descriptors, at + OFFSET), wordAt(descriptors, at + LENGTH));
      descriptors[at + FLAGS] = PACKET_OK;
    }
  }

  open(batch: PacketBatch, first: number, count: number): void {
    const { bytes, descriptors } = batch;
    for (let row = first; row < first + count; row++) {
      const at = row * DESCRIPTOR_WORDS;
      const keys = this.#keys(wordAt(descriptors, at + CONTEXT));
      const length = keys.open(bytes, wordAt(descriptors, at + OFFSET), wordAt(descriptors, at + LENGTH));
      if (length >= 0) descriptors[at + LENGTH] = length;
      descriptors[at + FLAGS] = length < 0 ? PACKET_BAD_TAG : PACKET_OK;
    }
    markRuns(batch, first, count);
  }

  close(): void {
    for (const keys of this.#contexts) keys?.close();
    this.#contexts.length = 0;
  }

  #keys(id: number): PacketKeys {
    const keys = this.#contexts[id];
    if (keys === undefined) throw new SatpError("context-unknown", `no cipher context ${id}`);
    return keys;
  }
}
