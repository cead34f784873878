/** Master key and salt: the only secrets that are configured (spec: satp-wire.md 3). */
import { createHash } from "node:crypto";
import { SatpError } from "../errors.ts";
import { effectiveSuite, keyBytes, type Suite } from "./suite.ts";

/** Bytes of the master salt. */
export const MASTER_SALT_BYTES = 14;

/** Where master key and salt come from; `key` and `salt` each replace what the passphrase would give. */
export interface KeyMaterial {
  readonly suite: Suite;
  /** Text counts as its UTF-8 bytes. Empty is a passphrase too: whether it means "none" is the caller's decision. */
  readonly passphrase?: string | Uint8Array | undefined;
  /** 16, 24 or 32 bytes, by the suite's kd-prf. */
  readonly key?: Uint8Array | undefined;
  /** 14 bytes. */
  readonly salt?: Uint8Array | undefined;
}

/** Both empty when the effective kd-prf is null. */
export interface MasterKeys {
  readonly masterKey: Uint8Array;
  readonly masterSalt: Uint8Array;
}

/**
 * Master key and salt from a passphrase, given bytes, or both. The result is the caller's to wipe.
 * The originals go on with all-zero keys when something is missing or too short; here it is an error.
 * @throws SatpError `key-missing`, `key-length`, `salt-missing`, `salt-length`
 */
export function deriveMasterKeys(material: KeyMaterial): MasterKeys {
  const { kdPrf } = effectiveSuite(material.suite);
  if (kdPrf === "null") return { masterKey: new Uint8Array(0), masterSalt: new Uint8Array(0) };
  const bytes = keyBytes(kdPrf);
  const masterKey = copyOf(material.key) ?? digestTail("sha256", material.passphrase, bytes);
  const masterSalt = copyOf(material.salt) ?? digestTail("sha1", material.passphrase, MASTER_SALT_BYTES);
  if (masterKey === undefined) throw new SatpError("key-missing", `${kdPrf} needs a passphrase or a key`);
  if (masterKey.length !== bytes) {
    throw new SatpError("key-length", `key of ${masterKey.length} bytes: ${kdPrf} needs ${bytes}`);
  }
  if (masterSalt === undefined) throw new SatpError("salt-missing", `${kdPrf} needs a passphrase or a salt`);
  if (masterSalt.length !== MASTER_SALT_BYTES) {
    throw new SatpError("salt-length", `salt of ${masterSalt.length} bytes: expected ${MASTER_SALT_BYTES}`);
  }
  return { masterKey, masterSalt };
}

function digestTail(
  algorithm: "sha1" | "sha256",
  passphrase: string | Uint8Array | undefined,
  bytes: number,
): Uint8Array | undefined {
  if (passphrase === undefined) return undefined;
  const digest = createHash(algorithm).update(passphrase).digest();
  const tail = new Uint8Array(digest.subarray(digest.length - bytes));
  digest.fill(0);
  return tail;
}

/** A copy even of a Buffer, whose slice() would be a view. */
function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}
