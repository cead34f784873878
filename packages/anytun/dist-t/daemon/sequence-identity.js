/**
 * The name under which used sequence numbers are remembered: equal exactly for those that draw nonces from one pool.
 *
 * It is made from secrets, so it must not help to guess them. A copy of the state directory (a backup) shows it to
 * somebody who never saw a packet, and a weak passphrase could then be tried offline. Against a packet from the wire one
 * guess costs two hashes and a few AES blocks; a plain hash here would be as cheap. scrypt with 16 MiB makes a guess
 * here about 10⁴ times dearer than there and costs one start some 40 ms. The name is also short enough to be useless as
 * key material, and the directory is closed to others.
 */
import { scryptSync } from "node:crypto";

const DOMAIN = "anytun sequence numbers, version 1";
const NAME_BYTES = 16;
const SCRYPT = { N: 2 ** 14, r: 8, p: 1 };
/** 32 hexadecimal digits. */
export function fingerprint({ kdPrf, masterKey, masterSalt, role, senderId, mux }) {
  const secret = Buffer.concat([lengthPrefixed(masterKey), lengthPrefixed(masterSalt)]);
  const place = [DOMAIN, kdPrf, role, senderId, mux].join("\n");
  const name = scryptSync(secret, place, NAME_BYTES, SCRYPT).toString("hex");
  secret.fill(0);
  return name;
}
/** Keeps (key, salt) pairs apart whose bytes would run together. */
function lengthPrefixed(bytes) {
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
//# sourceMappingURL=sequence-identity.js.map
