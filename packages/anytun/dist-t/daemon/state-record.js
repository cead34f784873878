/**
 * One slot of a state file.
 *
 *      0        8            16      20          28        32                48
 *     +--------+------------+-------+-----------+---------+-----------------+
 *     | magic  | generation | epoch | next      | zero    | checksum        |
 *     +--------+------------+-------+-----------+---------+-----------------+
 *
 * Numbers are big-endian. The checksum is the head of SHA-256 over the file's fingerprint and the bytes before it, so
 * that neither a torn write nor a file copied to another name passes.
 */
import { createHash } from "node:crypto";
export const RECORD_BYTES = 48;
const MAGIC = Buffer.from("anytunS1", "latin1");
const GENERATION_AT = 8;
const EPOCH_AT = 16;
const NEXT_AT = 20;
const CHECKSUM_AT = 32;
const MAX_NEXT = 2 ** 32;
export function encodeRecord(record, fingerprint) {
  const bytes = Buffer.alloc(RECORD_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUIntBE(record.generation, GENERATION_AT + 2, 6);
  bytes.writeUInt32BE(record.epoch, EPOCH_AT);
  bytes.writeUIntBE(record.next, NEXT_AT + 2, 6);
  checksum(bytes, fingerprint).copy(bytes, CHECKSUM_AT);
  return bytes;
}
/** The record, or undefined for anything that was not written completely for this fingerprint. */
export function decodeRecord(bytes, fingerprint) {
  if (bytes.length !== RECORD_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (!bytes.subarray(CHECKSUM_AT).equals(checksum(bytes, fingerprint))) return undefined;
  const next = bytes.readUIntBE(NEXT_AT + 2, 6);
  if (next > MAX_NEXT) return undefined;
  return { generation: bytes.readUIntBE(GENERATION_AT + 2, 6), epoch: bytes.readUInt32BE(EPOCH_AT), next };
}
function checksum(bytes, fingerprint) {
  const hash = createHash("sha256").update(fingerprint).update(bytes.subarray(0, CHECKSUM_AT));
  return hash.digest().subarray(0, RECORD_BYTES - CHECKSUM_AT);
}
//# sourceMappingURL=state-record.js.map
