/** Rows of a batch, for the tunnel: read, written and moved without allocation. */
import { DESCRIPTOR_WORDS, ENDPOINT_WORDS, type PacketBatch } from "./packet-batch.ts";

/** A word of a table. The index is always within the table; the fallback only says so to the compiler. */
export function wordAt(table: Int32Array, index: number): number {
  return table[index] ?? 0;
}

/** Copies descriptor and endpoint of a row to an earlier row whose packet is done. The bytes stay where they are. */
export function moveRow(batch: PacketBatch, from: number, to: number): void {
  if (from === to) return;
  const { descriptors, endpoints } = batch;
  for (let i = 0; i < DESCRIPTOR_WORDS; i++) {
    descriptors[to * DESCRIPTOR_WORDS + i] = wordAt(descriptors, from * DESCRIPTOR_WORDS + i);
  }
  for (let i = 0; i < ENDPOINT_WORDS; i++) {
    endpoints[to * ENDPOINT_WORDS + i] = wordAt(endpoints, from * ENDPOINT_WORDS + i);
  }
}
