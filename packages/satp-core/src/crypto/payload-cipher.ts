/** Encryption of the body: AES in counter mode, the same operation in both directions (spec: satp-wire.md 5). */
import { createCipheriv } from "node:crypto";
import { writeU16, writeU32 } from "../wire/header.ts";
import { SESSION_SALT_BYTES } from "./key-derivation.ts";

/** Bytes of a counter block. */
export const COUNTER_BYTES = 16;

/** Writes the initial counter block: the session salt with mux, sender id and sequence number over it. */
export function writeCipherCounter(
  sessionSalt: Uint8Array,
  mux: number,
  senderId: number,
  sequence: number,
  block: Uint8Array,
): void {
  block.fill(0);
  writeU16(block, 4, mux);
  writeU16(block, 6, senderId);
  writeU32(block, 10, sequence);
  for (let i = 0; i < SESSION_SALT_BYTES; i++) block[i] = (block[i] ?? 0) ^ (sessionSalt[i] ?? 0);
}

/**
 * Encrypts or decrypts `body` in place.
 * @param key session encryption key of 16, 24 or 32 bytes
 */
export function applyKeyStream(key: Uint8Array, counter: Uint8Array, body: Uint8Array): void {
  body.set(createCipheriv(`aes-${key.length * 8}-ctr`, key, counter).update(body));
}
