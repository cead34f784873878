/** Algorithms, role and key material (spec: satp-wire.md 1 and 3). Bad or missing keys end here, before anything starts. */
import { randomBytes } from "node:crypto";
import {
  authByName,
  cipherByName,
  DEFAULT_SUITE,
  deriveMasterKeys,
  effectiveSuite,
  type KdPrf,
  kdPrfByName,
  keyBytes,
  MASTER_SALT_BYTES,
  MAX_TAG_BYTES,
  type MasterKeys,
  type Role,
  roleByName,
  type Suite,
} from "satp-core";
import type { Argument } from "../cli/arguments.ts";
import { UsageError } from "../errors.ts";
import { LOG_INFO, LOG_WARNING } from "../log/level.ts";
import type { ArgumentSet } from "./argument-set.ts";
import type { StartNote } from "./config.ts";
import type { Secret } from "./secret.ts";
import type { Secrets } from "./secrets.ts";
import { parseName, parseNumber } from "./values.ts";

/** Room for a replay window; the receiver spends a bit per number. */
const MAX_WINDOW_SIZE = 2 ** 24;
const CIPHER_NAMES = "expected null, aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256";

export function parseSuite(args: ArgumentSet, notes: StartNote[]): Suite {
  const kdPrf = args.lastWord("kd-prf");
  const cipher = args.lastWord("cipher");
  const auth = args.lastWord("auth-algo");
  const tag = args.last("auth-tag-length");
  const asked: Suite = {
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
function parseTagBytes(tag: Argument): number {
  return parseNumber(tag, 0, Number.MAX_SAFE_INTEGER, `expected a number of bytes from 0 to ${MAX_TAG_BYTES}`);
}

export function parseRole(args: ArgumentSet): Role {
  const role = args.lastWord("role");
  if (role === undefined) return "left";
  return parseName(role, roleByName, "expected left, alice or server, or right, bob or client");
}

export function parseWindowSize(args: ArgumentSet, notes: StartNote[]): number {
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

const MAX_KEEP_ALIVE_SECONDS = 86_400;

export function parseKeepAlive(args: ArgumentSet): number {
  const arg = args.lastWord("keepalive");
  const expected = `expected a number of seconds from 0 (off) to ${MAX_KEEP_ALIVE_SECONDS}`;
  return arg === undefined ? 0 : parseNumber(arg, 0, MAX_KEEP_ALIVE_SECONDS, expected);
}

/** @throws UsageError when something is missing or not as long as the algorithms need */
export function parseKeys({ passphrase, key, salt }: Secrets, suite: Suite): MasterKeys {
  if (suite.kdPrf !== "null") {
    if (passphrase === undefined) requireBoth(key, salt);
    if (key !== undefined) checkLength(key, keyBytes(suite.kdPrf), suite.kdPrf);
    if (salt !== undefined) checkLength(salt, MASTER_SALT_BYTES, "a salt");
  }
  return deriveMasterKeys({ suite, passphrase: passphrase?.bytes, key: key?.bytes, salt: salt?.bytes });
}

/** Keys that nobody has, for a node that uses only those that others hand out. */
export function randomKeys(suite: Suite): MasterKeys {
  const { kdPrf } = suite;
  if (kdPrf === "null") return { masterKey: new Uint8Array(0), masterSalt: new Uint8Array(0) };
  return { masterKey: randomBytes(keyBytes(kdPrf)), masterSalt: randomBytes(MASTER_SALT_BYTES) };
}

function requireBoth(key: Secret | undefined, salt: Secret | undefined): void {
  const rule = "a passphrase, or a key (-K) with a salt (-A), unless key derivation is null (-k null)";
  if (key !== undefined && salt !== undefined) return;
  const there = (key ?? salt)?.origin.option;
  if (there === undefined) throw new UsageError("-E", undefined, `missing; expected ${rule}`);
  throw new UsageError(key === undefined ? "-K" : "-A", undefined, `missing beside ${there}; expected ${rule}`);
}

function checkLength({ origin, bytes }: Secret, length: number, owner: KdPrf | "a salt"): void {
  if (bytes.length === length) return;
  const expected = `expected ${length * 2} hexadecimal digits (${length} bytes) for ${owner}`;
  throw new UsageError(origin.option, origin.value, `${expected}, got ${bytes.length} bytes`);
}
