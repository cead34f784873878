/** The authentication tag: the last bytes of an HMAC-SHA1 over header and body as sent (spec: satp-wire.md 6). */
import { createHmac, timingSafeEqual } from "node:crypto";

/** Tag of `tagBytes` bytes (1 to 20). */
export function authTag(authenticationKey: Uint8Array, authenticated: Uint8Array, tagBytes: number): Uint8Array {
  const digest = createHmac("sha1", authenticationKey).update(authenticated).digest();
  return digest.subarray(digest.length - tagBytes);
}

/** Whether `tag` is right, in a time that does not depend on where it is wrong. */
export function authTagMatches(authenticationKey: Uint8Array, authenticated: Uint8Array, tag: Uint8Array): boolean {
  return timingSafeEqual(authTag(authenticationKey, authenticated, tag.length), tag);
}
