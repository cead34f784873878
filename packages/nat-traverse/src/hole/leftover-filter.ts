/**
 * The socket filter that keeps handshakes away from a command. The peer may repeat, or be started again, at any time; we
 * are not there any more to sort its packets, but the kernel is.
 */
import type { FilterInstruction } from "tun-native";
import { ACK, CLASSIC_BYTES, EXTENSION, GARBAGE } from "../wire.ts";

const UDP_HEADER_BYTES = 8;

/** Classic BPF: load the length, load a word, compare, return; see <linux/bpf_common.h>. */
const LOAD_LENGTH = 0x80;
const LOAD_WORD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const RETURN = 0x06;

const DROP: FilterInstruction = { code: RETURN, operand: 0 };
const PASS: FilterInstruction = { code: RETURN, operand: -1 };

/** The same for a datagram that is in the queue already. */
export function isLeftover(bytes: Uint8Array): boolean {
  const magic = bytes.subarray(0, CLASSIC_BYTES);
  if (bytes.length === CLASSIC_BYTES) return Buffer.compare(magic, GARBAGE) === 0 || Buffer.compare(magic, ACK) === 0;
  const extension = bytes.subarray(CLASSIC_BYTES, CLASSIC_BYTES + EXTENSION.length);
  return Buffer.compare(magic, GARBAGE) === 0 && Buffer.compare(extension, Uint8Array.from(EXTENSION)) === 0;
}

/** Drops datagrams that are exactly an original's packets, and whatever begins with garbage and our extension. */
export function leftoverFilter(): FilterInstruction[] {
  const exact = { code: IF_EQUAL, operand: UDP_HEADER_BYTES + CLASSIC_BYTES };
  const extended = { code: IF_AT_LEAST, operand: UDP_HEADER_BYTES + CLASSIC_BYTES + EXTENSION.length };
  return [
    ...dropWhere(exact, Buffer.from(GARBAGE)),
    ...dropWhere(exact, Buffer.from(ACK)),
    ...dropWhere(extended, Buffer.concat([GARBAGE, Buffer.from(EXTENSION)])),
    PASS,
  ];
}

/** Drops what has this length and beginning; everything else goes on behind. */
function dropWhere(length: { code: number; operand: number }, beginning: Buffer): FilterInstruction[] {
  const words = Array.from({ length: beginning.length / 4 }, (_, index) => beginning.readInt32BE(4 * index));
  const size = 2 + 2 * words.length + 1;
  const program: FilterInstruction[] = [{ code: LOAD_LENGTH, operand: 0 }];
  // jumps are counted from the next instruction on
  const unless = (condition: { code: number; operand: number }): FilterInstruction => ({
    ...condition,
    ifFalse: size - program.length - 1,
  });
  program.push(unless(length));
  for (const [index, word] of words.entries()) {
    program.push({ code: LOAD_WORD, operand: UDP_HEADER_BYTES + 4 * index });
    program.push(unless({ code: IF_EQUAL, operand: word }));
  }
  program.push(DROP);
  return program;
}
