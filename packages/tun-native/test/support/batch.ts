import { createPacketBatch, DESCRIPTOR_WORDS, FLAGS, LENGTH, OFFSET, type PacketBatch } from "../../src/index.ts";

/** A batch whose rows hold copies of these packets, each with some room behind. */
export function batchOf(packets: readonly Uint8Array[], spacing = 2048): PacketBatch {
  const batch = createPacketBatch({
    capacity: Math.max(1, packets.length),
    bytes: Math.max(1, packets.length) * spacing,
  });
  packets.forEach((packet, i) => {
    setRow(batch, i, i * spacing, packet);
  });
  return batch;
}

export function setRow(batch: PacketBatch, row: number, offset: number, packet: Uint8Array, context = 0): void {
  batch.bytes.set(packet, offset);
  batch.descriptors.set([offset, packet.length, context, 0], row * DESCRIPTOR_WORDS);
}

/** Copy of a row's packet. */
export function packetOf(batch: PacketBatch, row: number): Buffer {
  const offset = batch.descriptors[row * DESCRIPTOR_WORDS + OFFSET] ?? 0;
  const length = batch.descriptors[row * DESCRIPTOR_WORDS + LENGTH] ?? 0;
  return Buffer.from(batch.bytes.slice(offset, offset + length));
}

export function flagsOf(batch: PacketBatch, row: number): number {
  return batch.descriptors[row * DESCRIPTOR_WORDS + FLAGS] ?? -1;
}
