/** The recorded datagrams of the other implementations, as contexts and packets of the addon. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SatpCipherContext } from "../../src/index.ts";
import { LEFT, RIGHT } from "./satp-oracle.ts";

export interface PacketVector {
  readonly id: string;
  readonly cipher: string;
  readonly auth_tag_length_effective: number;
  readonly sender_role: string;
  readonly sender_id: number;
  readonly mux: number;
  readonly seq: number;
  readonly payload_type: string;
  readonly plaintext: string;
  readonly packet: string;
  readonly derived: { readonly master_key: string; readonly master_salt: string };
}

const file = fileURLToPath(new URL("../../../../vectors/satp-packets.json", import.meta.url));
export const vectors: { readonly count: number; readonly cases: readonly PacketVector[] } = JSON.parse(
  readFileSync(file, "utf8"),
);

const keyBytes: Readonly<Record<string, number>> = {
  null: 0,
  "aes-ctr": 16,
  "aes-ctr-128": 16,
  "aes-ctr-192": 24,
  "aes-ctr-256": 32,
};

/** Keys of the sender, or of who receives from it. */
export function contextFor(vector: PacketVector, sending: boolean): SatpCipherContext {
  const sender = vector.sender_role === "left" ? LEFT : RIGHT;
  const other = vector.sender_role === "left" ? RIGHT : LEFT;
  return {
    masterKey: Buffer.from(vector.derived.master_key, "hex"),
    masterSalt: Buffer.from(vector.derived.master_salt, "hex"),
    cipherKeyBytes: keyBytes[vector.cipher] ?? -1,
    tagBytes: vector.auth_tag_length_effective,
    sealLabels: sending ? sender : other,
    openLabels: sending ? other : sender,
  };
}

/** What was sealed: header, payload type, payload. */
export function clearText(vector: PacketVector): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt32BE(vector.seq, 0);
  header.writeUInt16BE(vector.sender_id, 4);
  header.writeUInt16BE(vector.mux, 6);
  header.writeUInt16BE(Number(vector.payload_type), 8);
  return Buffer.concat([header, Buffer.from(vector.plaintext, "hex")]);
}
