/** Session keys: fresh ones for every sequence number, from the master key and salt (spec: satp-wire.md 4). */
import { type Cipher as BlockCipher, createCipheriv } from "node:crypto";
import { writeU32 } from "../wire/header.ts";
import { MASTER_SALT_BYTES } from "./master-keys.ts";
import type { Labels } from "./role.ts";

/** Bytes of a session salt. */
export const SESSION_SALT_BYTES = 14;
/** Bytes of an authentication key. */
export const AUTH_KEY_BYTES = 20;

const BLOCK = 16;
const ENCRYPTION_AT = 0;
const SALT_AT = 2 * BLOCK;
const AUTHENTICATION_AT = 3 * BLOCK;
const BLOCKS_BYTES = 5 * BLOCK;

/**
 * Writes the 16 byte counter block of the key derivation: the salt with the label over bytes 6–9 and
 * the sequence number over bytes 10–13, and two zero bytes (spec section 4.2).
 */
export function writeDerivationCounter(
  masterSalt: Uint8Array,
  label: number,
  sequence: number,
  block: Uint8Array,
  at: number,
): void {
  writeU32(block, at + 6, label);
  writeU32(block, at + 10, sequence);
  for (let i = 0; i < 6; i++) block[at + i] = masterSalt[i] ?? 0;
  for (let i = 6; i < MASTER_SALT_BYTES; i++) block[at + i] = (block[at + i] ?? 0) ^ (masterSalt[i] ?? 0);
  block[at + 14] = 0;
  block[at + 15] = 0;
}

/** Session encryption key, session salt and authentication key of one packet. */
export interface SessionKeys {
  readonly encryptionKey: Uint8Array;
  readonly salt: Uint8Array;
  readonly authenticationKey: Uint8Array;
}

/**
 * Derives the session keys of one direction. The key stream of AES-CTR is AES of consecutive counter
 * blocks, so all five blocks that a packet needs go through one ECB call: one key schedule for the
 * life of the keys and one crossing into OpenSSL per packet, instead of three and six.
 */
export class KeyDerivation {
  readonly #masterSalt: Uint8Array;
  readonly #labels: Labels;
  readonly #cipherKeyBytes: number;
  /** Undefined for kd-prf null: every derived byte is zero (spec section 4.3). */
  readonly #aes: BlockCipher | undefined;
  readonly #counters = new Uint8Array(BLOCKS_BYTES);

  /**
   * @param masterKey 16, 24 or 32 bytes, or empty for kd-prf null
   * @param cipherKeyBytes length of the encryption keys: 0, 16, 24 or 32
   */
  constructor(masterKey: Uint8Array, masterSalt: Uint8Array, labels: Labels, cipherKeyBytes: number) {
    this.#masterSalt = new Uint8Array(masterSalt);
    this.#labels = labels;
    this.#cipherKeyBytes = cipherKeyBytes;
    if (masterKey.length > 0) {
      this.#aes = createCipheriv(`aes-${masterKey.length * 8}-ecb`, masterKey, null);
      this.#aes.setAutoPadding(false);
    }
  }

  /** Keys of one packet; the caller owns the bytes. */
  derive(sequence: number): SessionKeys {
    const stream = this.#aes?.update(this.#fill(sequence)) ?? new Uint8Array(BLOCKS_BYTES);
    return {
      encryptionKey: stream.subarray(ENCRYPTION_AT, ENCRYPTION_AT + this.#cipherKeyBytes),
      salt: stream.subarray(SALT_AT, SALT_AT + SESSION_SALT_BYTES),
      authenticationKey: stream.subarray(AUTHENTICATION_AT, AUTHENTICATION_AT + AUTH_KEY_BYTES),
    };
  }

  /** Wipes what is ours to wipe; OpenSSL clears its key schedule when the object is collected. */
  close(): void {
    this.#masterSalt.fill(0);
    this.#counters.fill(0);
    this.#aes?.destroy();
  }

  #fill(sequence: number): Uint8Array {
    const blocks = this.#counters;
    const [encryption, salt, authentication] = this.#labels;
    this.#pair(encryption, sequence, ENCRYPTION_AT);
    writeDerivationCounter(this.#masterSalt, salt, sequence, blocks, SALT_AT);
    this.#pair(authentication, sequence, AUTHENTICATION_AT);
    return blocks;
  }

  /** Counter blocks C and C+1: the last two bytes of C are zero, so the increment has no carry. */
  #pair(label: number, sequence: number, at: number): void {
    writeDerivationCounter(this.#masterSalt, label, sequence, this.#counters, at);
    writeDerivationCounter(this.#masterSalt, label, sequence, this.#counters, at + BLOCK);
    this.#counters[at + 2 * BLOCK - 1] = 1;
  }
}
