/** Joined messages are opened where they lie, back to back: nothing of a neighbour may change before its turn. */
import { describe, expect, it } from "vitest";
import { createPacketBatch, createSatpCipher, DESCRIPTOR_WORDS } from "../src/index.ts";
import { flagsOf, packetOf } from "./support/batch.ts";
import { LEFT, oracleSeal, RIGHT } from "./support/satp-oracle.ts";

const CONTEXT = {
  masterKey: Uint8Array.from({ length: 16 }, (_, i) => i),
  masterSalt: Uint8Array.from({ length: 14 }, (_, i) => 100 + i),
  cipherKeyBytes: 16,
  tagBytes: 10,
  sealLabels: LEFT,
  openLabels: RIGHT,
};
const SENDER = { ...CONTEXT, sealLabels: RIGHT, openLabels: LEFT };

function clearPacket(sequence: number, payloadBytes: number): Buffer {
  const packet = Buffer.alloc(10 + payloadBytes, sequence & 0xff);
  packet.writeUInt32BE(sequence, 0);
  packet.writeUInt32BE(7, 4);
  packet.writeUInt16BE(0x0800, 8);
  return packet;
}

describe.each([1, 2, 3, 7, 16, 45, 64])("%i datagrams back to back", (count) => {
  it.each([0, 1, 20, 64, 333, 1400])("of %i bytes are opened, and nothing around them changes", (payloadBytes) => {
    const cipher = createSatpCipher();
    const context = cipher.addContext(CONTEXT);
    const clear = Array.from({ length: count }, (_, i) =>
      clearPacket(i * 77, i + 1 < count ? payloadBytes : payloadBytes >> 1),
    );
    const datagrams = clear.map((packet) => oracleSeal(SENDER, packet));
    const start = 65;
    const batch = createPacketBatch({ capacity: count, bytes: 65_536 * 2 });
    batch.bytes.fill(0xa5);
    let at = start;
    datagrams.forEach((datagram, i) => {
      batch.bytes.set(datagram, at);
      batch.descriptors.set([at, datagram.length, context, 0], i * DESCRIPTOR_WORDS);
      at += datagram.length;
    });
    cipher.open(batch, 0, count);
    for (let i = 0; i < count; i++) {
      expect(flagsOf(batch, i)).toBe(0);
      expect(packetOf(batch, i).equals(clear[i] ?? Buffer.alloc(0))).toBe(true);
    }
    const around = [...batch.bytes.subarray(0, start), ...batch.bytes.subarray(at, at + 4096)];
    expect(around.every((byte) => byte === 0xa5)).toBe(true);
    cipher.close();
  });
});
