/** Cryptography of one packet in place: where key derivation, cipher and tag meet. */
import { SatpError } from "../errors.ts";
import { readMux, readSenderId, readSequence } from "../wire/header.ts";
import { HEADER_BYTES, MAX_TAG_BYTES } from "../wire/layout.ts";
import { authTag, authTagMatches } from "./auth-tag.ts";
import type { CipherContext } from "./batch-cipher.ts";
import { KeyDerivation, type SessionKeys } from "./key-derivation.ts";
import { MASTER_SALT_BYTES } from "./master-keys.ts";
import { applyKeyStream, COUNTER_BYTES, writeCipherCounter } from "./payload-cipher.ts";

const KEY_LENGTHS: readonly number[] = [0, 16, 24, 32];

/** Keys of one context, ready for both directions. */
export class PacketKeys {
  readonly tagBytes: number;
  readonly #encrypts: boolean;
  /** Neither cipher nor tag: nothing needs keys. */
  readonly #needsKeys: boolean;
  readonly #sealing: KeyDerivation;
  readonly #opening: KeyDerivation;
  readonly #counter = new Uint8Array(COUNTER_BYTES);

  /** @throws SatpError `key-length`, `salt-length`, `out-of-range` when the context cannot be one of `cipherContext()` */
  constructor(context: CipherContext) {
    const { masterKey, masterSalt, cipherKeyBytes, tagBytes } = context;
    checkContext(context);
    this.tagBytes = tagBytes;
    this.#encrypts = cipherKeyBytes > 0;
    this.#needsKeys = this.#encrypts || tagBytes > 0;
    this.#sealing = new KeyDerivation(masterKey, masterSalt, context.sealLabels, cipherKeyBytes);
    this.#opening = new KeyDerivation(masterKey, masterSalt, context.openLabels, cipherKeyBytes);
  }

  /**
   * Encrypts the body of the `length` bytes at `offset` and writes the tag behind it.
   * @returns length with the tag
   */
  seal(bytes: Uint8Array, offset: number, length: number): number {
    if (!this.#needsKeys) return length;
    const packet = bytes.subarray(offset, offset + length);
    const keys = this.#sealing.derive(readSequence(packet, 0));
    this.#crypt(keys, packet);
    if (this.tagBytes === 0) return length;
    bytes.set(authTag(keys.authenticationKey, packet, this.tagBytes), offset + length);
    return length + this.tagBytes;
  }

  /**
   * Checks the tag of the `length` bytes at `offset` (at least header and tag) and decrypts the body.
   * @returns length without the tag; -1 when the tag is wrong, and the bytes are as they were then
   */
  open(bytes: Uint8Array, offset: number, length: number): number {
    if (!this.#needsKeys) return length;
    const end = offset + length - this.tagBytes;
    const packet = bytes.subarray(offset, end);
    const keys = this.#opening.derive(readSequence(packet, 0));
    if (this.tagBytes > 0) {
      if (!authTagMatches(keys.authenticationKey, packet, bytes.subarray(end, end + this.tagBytes))) return -1;
    }
    this.#crypt(keys, packet);
    return length - this.tagBytes;
  }

  /** Wipes the keys. */
  close(): void {
    this.#sealing.close();
    this.#opening.close();
  }

  #crypt(keys: SessionKeys, packet: Uint8Array): void {
    if (!this.#encrypts) return;
    writeCipherCounter(keys.salt, readMux(packet, 0), readSenderId(packet, 0), readSequence(packet, 0), this.#counter);
    applyKeyStream(keys.encryptionKey, this.#counter, packet.subarray(HEADER_BYTES));
  }
}

function checkContext({ masterKey, masterSalt, cipherKeyBytes, tagBytes }: CipherContext): void {
  if (!KEY_LENGTHS.includes(masterKey.length)) {
    throw new SatpError("key-length", `master key of ${masterKey.length} bytes: expected 0, 16, 24 or 32`);
  }
  if (masterKey.length > 0 && masterSalt.length !== MASTER_SALT_BYTES) {
    throw new SatpError("salt-length", `master salt of ${masterSalt.length} bytes: expected ${MASTER_SALT_BYTES}`);
  }
  if (!KEY_LENGTHS.includes(cipherKeyBytes)) {
    throw new SatpError("out-of-range", `cipher key of ${cipherKeyBytes} bytes: expected 0, 16, 24 or 32`);
  }
  if (!Number.isInteger(tagBytes) || tagBytes < 0 || tagBytes > MAX_TAG_BYTES) {
    throw new SatpError("out-of-range", `tag of ${tagBytes} bytes: expected 0 to ${MAX_TAG_BYTES}`);
  }
}
