/**
 * A batch of packets in preallocated memory: one arena of bytes and two tables of numbers beside it.
 *
 * Native code fills and empties the arena; protocol code reads and writes headers in place and
 * moves table rows, never bytes. Nothing is allocated per packet. Any object of this shape will
 * do (tun-native makes one whose memory the kernel reads and writes directly).
 */
export interface PacketBatch {
  /** Rows in both tables: the most packets one batch can hold. */
  readonly capacity: number;
  /** The arena that `offset` of a descriptor counts in, in bytes. */
  readonly bytes: Uint8Array;
  /** `capacity` rows of {@link DESCRIPTOR_WORDS} words: offset, length, context, flags. */
  readonly descriptors: Int32Array;
  /** `capacity` rows of {@link ENDPOINT_WORDS} words: where a datagram came from or goes to. */
  readonly endpoints: Int32Array;
}

/** Words of one row of `descriptors`. */
export const DESCRIPTOR_WORDS = 4;
/** First byte of the packet in the arena. */
export const OFFSET = 0;
/** Bytes of the packet. */
export const LENGTH = 1;
/** Number of the cipher context that seals or opens the packet. */
export const CONTEXT = 2;
/** Result of the last step that touched the packet; see {@link PACKET_OK}. */
export const FLAGS = 3;

/** `FLAGS` of a packet that the last step accepted. */
export const PACKET_OK = 0;
/** `FLAGS` of a datagram whose authentication tag is wrong. */
export const PACKET_BAD_TAG = 1;
/** `FLAGS` of a datagram that was longer than its slot in the arena and lost its end. */
export const PACKET_TRUNCATED = 2;
/**
 * `FLAGS` of a packet that is as good as with {@link PACKET_OK} and goes on where the one in the row before ended: from the
 * same endpoint, with the same sender id and mux, and the next sequence number.
 */
export const PACKET_FOLLOWS = 3;
/**
 * `FLAGS` of a frame that a device has cut from the same super-frame as the one in the row before: its headers say the same
 * of where it goes, and no connection begins with it.
 */
export const PACKET_SEGMENT = 4;

/** Words of one row of `endpoints`. */
export const ENDPOINT_WORDS = 8;
/** 4, 6, or 0 for "no endpoint known". */
export const ENDPOINT_FAMILY = 0;
/** UDP port as a number. */
export const ENDPOINT_PORT = 1;
/** IPv6 scope id (interface index) of a link-local address, else 0. */
export const ENDPOINT_SCOPE = 2;
/** Number of the local socket the datagram came through or leaves through. */
export const ENDPOINT_SOCKET = 3;
/** First address word: IPv4 is one big-endian word and three zeros, IPv6 four big-endian words. */
export const ENDPOINT_ADDRESS = 4;

/** Bytes that must be free in the arena before each frame read from a device (header and payload type, rounded up). */
export const HEADROOM_BYTES = 16;
/** Bytes that must be free behind each frame read from a device (the longest tag, rounded up). */
export const TAILROOM_BYTES = 32;
