/**
 * What a state file holds: a head that says whose numbers it keeps, and for each mux a record in two copies.
 *
 *      0        8           10      16                 32
 *     +--------+-----------+-------+------------------+
 *     | magic  | sender id | zero  | checksum         |   head, in a block of its own
 *     +--------+-----------+-------+------------------+
 *
 *      0            6       8      16                 32
 *     +------------+-------+------+------------------+
 *     | generation | epoch | next | checksum         |   record; 32 zeros = the mux was never used
 *     +------------+-------+------+------------------+
 *
 * Numbers are big-endian. Checksums are the head of SHA-256 over the place of what they stand behind and its bytes, so
 * that neither a torn write nor a file copied to another name passes.
 */
import { hash } from "node:crypto";
import type { SequencePosition } from "./sequence-space.ts";

export const RECORD_BYTES = 32;
/** The two copies of a record lie in different blocks of any disk: one torn write damages one of them. */
export const COPIES = [0, 1] as const;
const MUXES = 65_536;
const HEAD_BYTES = 4096;
export const FILE_BYTES: number = HEAD_BYTES + COPIES.length * MUXES * RECORD_BYTES;

const MAGIC = Buffer.from("anytunS2", "latin1");
const SENDER_ID_AT = 8;
const GENERATION_BYTES = 6;
const EPOCH_AT = 6;
const NEXT_AT = 8;
const CHECKSUM_AT = 16;
const MAX_NEXT = 2 ** 32;

export interface StateRecord extends SequencePosition {
  /** Grows by one with each write; the valid copy with the higher one counts. */
  readonly generation: number;
}

/** Where a copy of the record of a mux begins in the file. */
export function recordOffset(mux: number, copy: number): number {
  return HEAD_BYTES + (copy * MUXES + mux) * RECORD_BYTES;
}

/** The copy that a record of this generation is written to: always the older one. */
export function copyOf(generation: number): number {
  return generation % COPIES.length;
}

export function encodeHead(senderId: number): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt16BE(senderId, SENDER_ID_AT);
  checksum(bytes, "head").copy(bytes, CHECKSUM_AT);
  return bytes;
}

export function encodeRecord({ generation, epoch, next }: StateRecord, place: string): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.writeUIntBE(generation, 0, GENERATION_BYTES);
  bytes.writeUInt16BE(epoch, EPOCH_AT);
  bytes.writeBigUInt64BE(BigInt(next), NEXT_AT);
  checksum(bytes, place).copy(bytes, CHECKSUM_AT);
  return bytes;
}

/** The record, or undefined for anything that was not written completely for this place. */
export function decodeRecord(bytes: Buffer, place: string): StateRecord | undefined {
  if (bytes.length !== RECORD_BYTES || !bytes.subarray(CHECKSUM_AT).equals(checksum(bytes, place))) return undefined;
  const next = Number(bytes.readBigUInt64BE(NEXT_AT));
  if (next > MAX_NEXT) return undefined;
  return { generation: bytes.readUIntBE(0, GENERATION_BYTES), epoch: bytes.readUInt16BE(EPOCH_AT), next };
}

/** Whether nothing was ever written there. */
export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** What the checksum of a record is bound to. */
export function recordPlace(senderId: number, mux: number): string {
  return `${senderId} ${mux}`;
}

function checksum(bytes: Buffer, place: string): Buffer {
  const data = Buffer.concat([Buffer.from(`${place}\n`), bytes.subarray(0, CHECKSUM_AT)]);
  return hash("sha256", data, "buffer").subarray(0, RECORD_BYTES - CHECKSUM_AT);
}
