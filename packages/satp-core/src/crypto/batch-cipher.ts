import type { PacketBatch } from "../batch/packet-batch.ts";

/**
 * All that sealing and opening needs to know of one pair of keys, as plain numbers and bytes.
 * Made by `cipherContext()`; understood by every {@link BatchCipher} (spec: satp-wire.md 4–6).
 */
export interface CipherContext {
  /** Master key of the key derivation: 16, 24 or 32 bytes; empty for kd-prf null (all session keys zero). */
  readonly masterKey: Uint8Array;
  /** Master salt, 14 bytes; empty for kd-prf null. */
  readonly masterSalt: Uint8Array;
  /** Bytes of the session encryption key: 16, 24 or 32; 0 for cipher null. */
  readonly cipherKeyBytes: number;
  /** Bytes of the authentication tag: 0 to 20; 0 means that no tag is sent and none is checked. */
  readonly tagBytes: number;
  /** Key derivation labels of what we send: encryption key, session salt, authentication key (unsigned 32 bit). */
  readonly sealLabels: readonly [number, number, number];
  /** Key derivation labels of what the peer sends. */
  readonly openLabels: readonly [number, number, number];
}

/**
 * Seals and opens packets of a batch in place. Implementations: `nodeBatchCipher()` here on
 * node:crypto, and the addon's bulk path in tun-native.
 */
export interface BatchCipher {
  /** Registers keys and returns the number to put into `CONTEXT`. The bytes are copied. */
  addContext(context: CipherContext): number;
  /** Forgets the keys and wipes them. The number may be given out again. */
  removeContext(id: number): void;
  /**
   * Rows `[first, first + count)` hold header ‖ payload type ‖ payload in clear. Encrypts the body,
   * appends the tag (the arena has room for it behind each packet) and lengthens the row.
   */
  seal(batch: PacketBatch, first: number, count: number): void;
  /**
   * Rows `[first, first + count)` hold datagrams of at least header + tag bytes. Sets `FLAGS` to
   * `PACKET_OK` and shortens the row by the tag with the body decrypted in place, or sets
   * `PACKET_BAD_TAG` and leaves the bytes as they were. Tags are compared in constant time.
   * May set `PACKET_FOLLOWS` instead of `PACKET_OK` where it holds, behind a row of the same call: runs are cheaper.
   */
  open(batch: PacketBatch, first: number, count: number): void;
  /** Wipes all keys. Idempotent. */
  close(): void;
}
