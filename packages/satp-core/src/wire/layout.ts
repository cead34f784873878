/**
 * The bytes of one datagram, and nothing else about it (spec: satp-wire.md 2, 11).
 *
 * ```
 *  0               4       6       8          10                       n
 * +---------------+-------+-------+----------+------------------------+-----------+
 * |   sequence    | sender|  mux  | payload  |  payload: the frame as |    tag    |
 * |    number     |   id  |       |   type   |  the device carries it | 0…20 bytes|
 * +---------------+-------+-------+----------+------------------------+-----------+
 * |<----- header, in clear ------>|<---- body, encrypted -------------->|
 * |<-------------------------- authenticated -------------------------->|
 * ```
 *
 * All integers are big endian.
 */

/** Bytes of the clear header. */
export const HEADER_BYTES = 8;
/** Bytes of the payload type at the start of the body. */
export const PAYLOAD_TYPE_BYTES = 2;
/** Bytes in front of the payload: header and payload type. */
export const PAYLOAD_OFFSET: number = HEADER_BYTES + PAYLOAD_TYPE_BYTES;

/** Offset of the 32 bit sequence number. */
export const SEQUENCE_OFFSET = 0;
/** Offset of the 16 bit sender id. */
export const SENDER_ID_OFFSET = 4;
/** Offset of the 16 bit mux. */
export const MUX_OFFSET = 6;
/** Offset of the 16 bit payload type. */
export const PAYLOAD_TYPE_OFFSET = 8;

/** Largest sequence number. */
export const MAX_SEQUENCE = 0xffffffff;
/** Largest sender id. */
export const MAX_SENDER_ID = 0xffff;
/** Largest mux. */
export const MAX_MUX = 0xffff;

/** Longest tag: a whole HMAC-SHA1. */
export const MAX_TAG_BYTES = 20;
/** Longest datagram that anytun and uanytun receive intact. */
export const MAX_INTEROP_DATAGRAM = 1600;

/**
 * Longest frame that every known receiver gets intact, in bytes (spec section 11).
 * @param tagBytes effective tag length
 */
export function maxInteropFrame(tagBytes: number): number {
  return MAX_INTEROP_DATAGRAM - PAYLOAD_OFFSET - tagBytes;
}
