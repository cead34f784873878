/** Runs: rows of which each goes on where the one before ended. */
import { readI32, readU16 } from "../wire/header.ts";
import { MUX_OFFSET, SENDER_ID_OFFSET, SEQUENCE_OFFSET } from "../wire/layout.ts";
import {
  DESCRIPTOR_WORDS,
  ENDPOINT_WORDS,
  FLAGS,
  OFFSET,
  PACKET_BAD_TAG,
  PACKET_FOLLOWS,
  PACKET_OK,
  type PacketBatch,
} from "./packet-batch.ts";
import { wordAt } from "./rows.ts";

/** Whether the flags are of an authentic datagram. */
export function isAuthentic(flags: number): boolean {
  return flags === PACKET_OK || flags === PACKET_FOLLOWS;
}

/** Marks rows of `[first, first + count)` that were opened: {@link PACKET_FOLLOWS} where it holds. */
export function markRuns(batch: PacketBatch, first: number, count: number): void {
  const { descriptors } = batch;
  for (let row = first + 1; row < first + count; row++) {
    const at = row * DESCRIPTOR_WORDS + FLAGS;
    if (wordAt(descriptors, at) !== PACKET_OK || wordAt(descriptors, at - DESCRIPTOR_WORDS) === PACKET_BAD_TAG)
      continue;
    if (follows(batch, row)) descriptors[at] = PACKET_FOLLOWS;
  }
}

/** Behind the row of the last of a run that begins at `row`: of it are those that follow and have these flags. */
export function runEnd(descriptors: Int32Array, row: number, count: number, flags: number): number {
  let end = row + 1;
  while (end < count && wordAt(descriptors, end * DESCRIPTOR_WORDS + FLAGS) === flags) end++;
  return end;
}

function follows({ bytes, descriptors, endpoints }: PacketBatch, row: number): boolean {
  const offset = wordAt(descriptors, row * DESCRIPTOR_WORDS + OFFSET);
  const before = wordAt(descriptors, (row - 1) * DESCRIPTOR_WORDS + OFFSET);
  const sequence = readI32(bytes, offset + SEQUENCE_OFFSET);
  // behind the last number of all comes none
  if (sequence === 0 || sequence !== ((readI32(bytes, before + SEQUENCE_OFFSET) + 1) | 0)) return false;
  if (readU16(bytes, offset + SENDER_ID_OFFSET) !== readU16(bytes, before + SENDER_ID_OFFSET)) return false;
  return readU16(bytes, offset + MUX_OFFSET) === readU16(bytes, before + MUX_OFFSET) && isSamePlace(endpoints, row);
}

/** Whether all words of the endpoint are those of the row before. */
function isSamePlace(endpoints: Int32Array, row: number): boolean {
  const end = (row + 1) * ENDPOINT_WORDS;
  for (let at = row * ENDPOINT_WORDS; at < end; at++) {
    if (wordAt(endpoints, at) !== wordAt(endpoints, at - ENDPOINT_WORDS)) return false;
  }
  return true;
}
