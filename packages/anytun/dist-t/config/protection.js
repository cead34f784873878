/** Algorithms, role and key material (spec: satp-wire.md 1 and 3). Bad or missing keys end here, before anything starts. */
import {
  authByName,
  cipherByName,
  DEFAULT_SUITE,
  deriveMasterKeys,
  effectiveSuite,
  kdPrfByName,
  keyBytes,
  MASTER_SALT_BYTES,
  MAX_TAG_BYTES,
  roleByName,
} from "satp-core";
import { UsageError } from "../errors.js";
import { LOG_INFO, LOG_WARNING } from "../log/level.js";
import { parseName, parseNumber, parseSecretHex } from "./values.js";

/** Room for a replay window; the receiver spends a bit per number. */
const MAX_WINDOW_SIZE = 2 ** 24;
const CIPHER_NAMES = "expected null, aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256";
export function parseSuite(args, notes) {
  const kdPrf = args.lastWord("kd-prf");
  const cipher = args.lastWord("cipher");
  const auth = args.lastWord("auth-algo");
  const tag = args.last("auth-tag-length");
  const asked = {
    kdPrf: kdPrf === undefined ? DEFAULT_SUITE.kdPrf : parseName(kdPrf, kdPrfByName, CIPHER_NAMES),
    cipher: cipher === undefined ? DEFAULT_SUITE.cipher : parseName(cipher, cipherByName, CIPHER_NAMES),
    auth: auth === undefined ? DEFAULT_SUITE.auth : parseName(auth, authByName, "expected null or sha1"),
    tagBytes: tag === undefined ? DEFAULT_SUITE.tagBytes : parseTagBytes(tag),
  };
  const suite = effectiveSuite(asked);
  if (suite.kdPrf === "null" && (suite.cipher !== "null" || suite.auth !== "null")) {
    const text = "key derivation is null: encryption and authentication work with keys that everybody knows";
    notes.push({ level: LOG_WARNING, text });
  }
  if (suite.auth !== "null" && asked.tagBytes > MAX_TAG_BYTES) {
    const text = `authentication tag length ${tag?.value} is longer than ${MAX_TAG_BYTES} bytes, using ${MAX_TAG_BYTES}`;
    notes.push({ level: LOG_WARNING, text });
  }
  if (suite.auth !== "null" && suite.tagBytes === 0) {
    notes.push({ level: LOG_WARNING, text: "authentication tag length is 0: packets are accepted from anybody" });
  }
  return suite;
}
/** Above 20 is not an error: the original goes on with 20 and a warning. */
function parseTagBytes(tag) {
  return parseNumber(tag, 0, Number.MAX_SAFE_INTEGER, `expected a number of bytes from 0 to ${MAX_TAG_BYTES}`);
}
export function parseRole(args) {
  const role = args.lastWord("role");
  if (role === undefined) return "left";
  return parseName(role, roleByName, "expected left, alice or server, or right, bob or client");
}
export function parseWindowSize(args, notes) {
  const window = args.last("window-size");
  const size =
    window === undefined
      ? 0
      : parseNumber(
          window,
          0,
          MAX_WINDOW_SIZE,
          `expected a number of packets from 0 to the limit of ${MAX_WINDOW_SIZE}`,
        );
  if (size === 0) notes.push({ level: LOG_INFO, text: "replay protection is off; switch it on with -w" });
  return size;
}
/**
 * @param bytesOf the bytes of a word as typed: a passphrase need not be UTF-8
 * @throws UsageError when something is missing, not hexadecimal or not as long as the algorithms need
 */
export function parseKeys(args, suite, bytesOf) {
  const passphrase = args.last("passphrase");
  const key = args.lastWord("key");
  const salt = args.lastWord("salt");
  const keyValue = key === undefined ? undefined : parseSecretHex(key);
  const saltValue = salt === undefined ? undefined : parseSecretHex(salt);
  const hasPassphrase = passphrase !== undefined && passphrase.value !== "";
  if (suite.kdPrf !== "null") {
    if (!hasPassphrase) requireBoth(key, salt);
    if (key !== undefined && keyValue !== undefined) checkLength(key, keyValue, keyBytes(suite.kdPrf), suite.kdPrf);
    if (salt !== undefined && saltValue !== undefined) checkLength(salt, saltValue, MASTER_SALT_BYTES, "a salt");
  }
  return deriveMasterKeys({
    suite,
    passphrase: hasPassphrase ? bytesOf(passphrase) : undefined,
    key: keyValue,
    salt: saltValue,
  });
}
function requireBoth(key, salt) {
  const rule = "a passphrase, or a key (-K) with a salt (-A), unless key derivation is null (-k null)";
  if (key === undefined && salt === undefined) throw new UsageError("-E", undefined, `missing; expected ${rule}`);
  if (key === undefined) throw new UsageError("-K", undefined, `missing beside -A; expected ${rule}`);
  if (salt === undefined) throw new UsageError("-A", undefined, `missing beside -K; expected ${rule}`);
}
function checkLength(arg, value, bytes, owner) {
  if (value.length === bytes) return;
  const expected = `expected ${bytes * 2} hexadecimal digits (${bytes} bytes) for ${owner}`;
  throw new UsageError(arg.typed, undefined, `${expected}, got ${value.length} bytes`);
}
//# sourceMappingURL=protection.js.map
