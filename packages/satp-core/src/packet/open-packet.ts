import type { CipherContext } from "../crypto/batch-cipher.ts";
import { PacketKeys } from "../crypto/packet-keys.ts";
import type { DropReasonName } from "../tunnel/drop-reason.ts";
import { readMux, readPayloadType, readSenderId, readSequence } from "../wire/header.ts";
import { HEADER_BYTES, PAYLOAD_OFFSET } from "../wire/layout.ts";
import type { PlainPacket } from "./seal-packet.ts";

/** A packet that is authentic (with tags of 0 bytes: that has the right length). */
export interface OpenedPacket extends PlainPacket {
  readonly ok: true;
}

/** Why there is no packet. */
export interface RejectedPacket {
  readonly ok: false;
  readonly reason: Extract<DropReasonName, "too-short" | "bad-tag" | "empty-payload">;
}

/**
 * Checks and decrypts one datagram (spec: satp-wire.md 2 to 6). Bad datagrams are values, not errors.
 * Replay protection and the check of the payload type need a memory and a device: see `Tunnel`.
 * @param context from `cipherContext()` with the own role, the opposite of the sender's
 * @param datagram one UDP payload; not changed
 */
export function openPacket(context: CipherContext, datagram: Uint8Array): OpenedPacket | RejectedPacket {
  if (datagram.length < HEADER_BYTES + context.tagBytes) return { ok: false, reason: "too-short" };
  // a copy even when it is a Buffer, whose slice() would be a view
  const bytes = new Uint8Array(datagram);
  const keys = new PacketKeys(context);
  const length = keys.open(bytes, 0, bytes.length);
  keys.close();
  if (length < 0) return { ok: false, reason: "bad-tag" };
  if (length <= PAYLOAD_OFFSET) return { ok: false, reason: "empty-payload" };
  return {
    ok: true,
    sequence: readSequence(bytes, 0),
    senderId: readSenderId(bytes, 0),
    mux: readMux(bytes, 0),
    payloadType: readPayloadType(bytes, 0),
    payload: bytes.subarray(PAYLOAD_OFFSET, length),
  };
}
