/** Which algorithms protect the packets of a tunnel, and how the choices depend on one another (spec: satp-wire.md 1). */
import { checkRange } from "../errors.ts";
import { MAX_TAG_BYTES } from "../wire/layout.ts";

/** Payload cipher: none, or AES in counter mode with a key of 128, 192 or 256 bits. */
export type Cipher = "null" | "aes-ctr-128" | "aes-ctr-192" | "aes-ctr-256";
/** Key derivation function: the same algorithms; its key size and the cipher's are independent. */
export type KdPrf = Cipher;
/** Authentication: none, or HMAC-SHA1. */
export type Auth = "null" | "sha1";

/** Algorithms of one tunnel. Nothing is negotiated: both ends are configured alike. */
export interface Suite {
  readonly kdPrf: KdPrf;
  readonly cipher: Cipher;
  readonly auth: Auth;
  /** Bytes of the tag; above 20 counts as 20. */
  readonly tagBytes: number;
}

/** What the originals do without options. */
export const DEFAULT_SUITE: Suite = { kdPrf: "aes-ctr-128", cipher: "aes-ctr-128", auth: "sha1", tagBytes: 10 };

/** Cipher of an option word (`aes-ctr` means `aes-ctr-128`), or undefined. */
export function cipherByName(name: string): Cipher | undefined {
  switch (name) {
    case "aes-ctr":
      return "aes-ctr-128";
    case "null":
    case "aes-ctr-128":
    case "aes-ctr-192":
    case "aes-ctr-256":
      return name;
    default:
      return undefined;
  }
}

/** Key derivation function of an option word, or undefined. */
export function kdPrfByName(name: string): KdPrf | undefined {
  return cipherByName(name);
}

/** Authentication of an option word, or undefined. */
export function authByName(name: string): Auth | undefined {
  return name === "null" || name === "sha1" ? name : undefined;
}

/** Key bytes of a cipher or key derivation function: 0, 16, 24 or 32. */
export function keyBytes(algorithm: Cipher | KdPrf): 0 | 16 | 24 | 32 {
  switch (algorithm) {
    case "null":
      return 0;
    case "aes-ctr-128":
      return 16;
    case "aes-ctr-192":
      return 24;
    case "aes-ctr-256":
      return 32;
  }
}

/**
 * The suite that is really used: without authentication there is no tag; with neither cipher nor
 * authentication nothing consumes derived keys, so the key derivation is null; tags end at 20 bytes.
 * @throws SatpError `out-of-range` when `tagBytes` is negative or not an integer
 */
export function effectiveSuite(suite: Suite): Suite {
  checkRange("tag length", suite.tagBytes, 0, Number.MAX_SAFE_INTEGER);
  const unprotected = suite.cipher === "null" && suite.auth === "null";
  return {
    kdPrf: unprotected ? "null" : suite.kdPrf,
    cipher: suite.cipher,
    auth: suite.auth,
    tagBytes: suite.auth === "null" ? 0 : Math.min(suite.tagBytes, MAX_TAG_BYTES),
  };
}
