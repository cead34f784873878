/** SATP sealing written down from the wire specification with node:crypto, one packet at a time: the judge of the addon. */
import { createCipheriv, createHmac } from "node:crypto";
import type { SatpCipherContext } from "../../src/index.ts";

export const LEFT: readonly [number, number, number] = [0x356a192b, 0x77de68da, 0xac3478d6];
export const RIGHT: readonly [number, number, number] = [0xda4b9237, 0x1b645389, 0xc1dfd96e];

/** Header ‖ payload type ‖ payload in clear → datagram, with the seal labels of the context. */
export function oracleSeal(context: SatpCipherContext, clear: Uint8Array): Buffer {
  const header = Buffer.from(clear.subarray(0, 8));
  const body = Buffer.from(clear.subarray(8));
  const [encryption, salt, authentication] = context.sealLabels;
  let sent = Buffer.concat([header, body]);
  if (context.cipherKeyBytes > 0) {
    const key = derive(context, encryption, header, context.cipherKeyBytes);
    const counter = Buffer.concat([derive(context, salt, header, 14), Buffer.alloc(2)]);
    xor(counter, 4, header.subarray(6, 8));
    xor(counter, 6, header.subarray(4, 6));
    xor(counter, 10, header.subarray(0, 4));
    const cipher = createCipheriv(`aes-${key.length * 8}-ctr`, key, counter);
    sent = Buffer.concat([header, cipher.update(body), cipher.final()]);
  }
  if (context.tagBytes === 0) return sent;
  const digest = createHmac("sha1", derive(context, authentication, header, 20))
    .update(sent)
    .digest();
  return Buffer.concat([sent, digest.subarray(20 - context.tagBytes)]);
}

function derive(context: SatpCipherContext, label: number, header: Buffer, bytes: number): Buffer {
  if (context.masterKey.length === 0) return Buffer.alloc(bytes);
  const block = Buffer.concat([context.masterSalt, Buffer.alloc(2)]);
  const labelBytes = Buffer.alloc(4);
  labelBytes.writeUInt32BE(label);
  xor(block, 6, labelBytes);
  xor(block, 10, header.subarray(0, 4));
  const cipher = createCipheriv(`aes-${context.masterKey.length * 8}-ctr`, context.masterKey, block);
  return cipher.update(Buffer.alloc(bytes));
}

function xor(target: Buffer, at: number, source: Uint8Array): void {
  source.forEach((byte, i) => {
    target[at + i] = (target[at + i] ?? 0) ^ byte;
  });
}
