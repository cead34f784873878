import { checkRange } from "../errors.ts";
import { DESCRIPTOR_WORDS, ENDPOINT_WORDS, OFFSET, type PacketBatch } from "./packet-batch.ts";

/**
 * A batch in ordinary JavaScript memory, for use without tun-native. Row `i` has the bytes
 * `[i × slotBytes, (i + 1) × slotBytes)` of the arena, and its offset points at their start.
 * @param capacity rows
 * @param slotBytes bytes for each packet, with its headroom and tailroom
 */
export function createBatch(capacity: number, slotBytes: number): PacketBatch {
  checkRange("capacity", capacity, 1, 65536);
  checkRange("slot size", slotBytes, 1, 65536);
  const descriptors = new Int32Array(capacity * DESCRIPTOR_WORDS);
  for (let row = 0; row < capacity; row++) descriptors[row * DESCRIPTOR_WORDS + OFFSET] = row * slotBytes;
  return {
    capacity,
    bytes: new Uint8Array(capacity * slotBytes),
    descriptors,
    endpoints: new Int32Array(capacity * ENDPOINT_WORDS),
  };
}
