import type { CipherContext } from "../crypto/batch-cipher.ts";
import { PacketKeys } from "../crypto/packet-keys.ts";
import { checkRange } from "../errors.ts";
import { viewOf, writeHeader } from "../wire/header.ts";
import { MAX_MUX, MAX_SENDER_ID, MAX_SEQUENCE, PAYLOAD_OFFSET } from "../wire/layout.ts";

/** One packet in clear. */
export interface PlainPacket {
  /** 0 to 2³²−1. Never use one twice with the same keys, role, sender id and mux. */
  readonly sequence: number;
  /** 0 to 65535. */
  readonly senderId: number;
  /** 0 to 65535. */
  readonly mux: number;
  /** See `PayloadType`; any 16 bit number. */
  readonly payloadType: number;
  /** The frame, as the device carries it. */
  readonly payload: Uint8Array;
}

/**
 * Makes the datagram of one packet (spec: satp-wire.md 2 to 6).
 * @param context from `cipherContext()` with the own role
 * @returns `10 + payload + tagBytes` new bytes
 * @throws SatpError `out-of-range` for a number that does not fit its field
 */
export function sealPacket(context: CipherContext, packet: PlainPacket): Uint8Array {
  const { sequence, senderId, mux, payloadType, payload } = packet;
  checkRange("sequence number", sequence, 0, MAX_SEQUENCE);
  checkRange("sender id", senderId, 0, MAX_SENDER_ID);
  checkRange("mux", mux, 0, MAX_MUX);
  checkRange("payload type", payloadType, 0, 0xffff);
  const keys = new PacketKeys(context);
  const datagram = new Uint8Array(PAYLOAD_OFFSET + payload.length + keys.tagBytes);
  writeHeader(viewOf(datagram), 0, sequence, senderId, mux, payloadType);
  datagram.set(payload, PAYLOAD_OFFSET);
  keys.seal(datagram, 0, PAYLOAD_OFFSET + payload.length);
  keys.close();
  return datagram;
}
