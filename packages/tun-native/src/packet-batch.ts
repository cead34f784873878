import type { PacketBatch } from "./contracts.ts";
import { argumentError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { PinnedBatch } from "./pinned-memory.ts";

const WORD_BYTES = 4;

/** Words of one row of `descriptors`: offset, length, context, flags. */
export const DESCRIPTOR_WORDS = 4;
export const OFFSET = 0;
export const LENGTH = 1;
export const CONTEXT = 2;
export const FLAGS = 3;

/** Values of `FLAGS`. */
export const PACKET_OK = 0;
export const PACKET_BAD_TAG = 1;
export const PACKET_TRUNCATED = 2;
/** As good as PACKET_OK; same endpoint, sender id and mux as in the row before, and the next number. */
export const PACKET_FOLLOWS = 3;
/** A frame that was cut from the same super-frame as the one in the row before. */
export const PACKET_SEGMENT = 4;

/** Words of one row of `endpoints`: family, port, scope id, socket number, four words of address. */
export const ENDPOINT_WORDS = 8;
export const ENDPOINT_FAMILY = 0;
export const ENDPOINT_PORT = 1;
export const ENDPOINT_SCOPE = 2;
export const ENDPOINT_SOCKET = 3;
export const ENDPOINT_ADDRESS = 4;

/** Free bytes before each frame read from a device. */
export const HEADROOM_BYTES = 16;
/** Free bytes behind each frame read from a device. */
export const TAILROOM_BYTES = 32;
/** Frames start this far apart at least, so that no two share a line of the cache. */
export const CACHE_LINE_BYTES = 64;

export interface PacketBatchSize {
  /** Rows: the most packets one batch can hold. */
  readonly capacity: number;
  /**
   * Bytes of the arena. For datagrams each row gets `bytes / capacity`; for frames read from a device the arena is
   * filled from the front and should hold `capacity` frames of the usual size.
   */
  readonly bytes: number;
}

/** Joined messages that a batch of `joinedBatchSize` has places for, and how many of them can be offered at once. */
const JOINED_SLOTS = 128;
const JOINED_SLOTS_AT_ONCE = 16;

/**
 * Size of a batch for sockets that receive joined datagrams (`udpCoalescing`): 64 KiB for each message, and rows for
 * all that such messages can hold. Only what is used of it becomes resident memory.
 */
export function joinedBatchSize(): PacketBatchSize {
  const { JOINED_SLOT_BYTES, JOINED_SLOT_ROWS } = loadBinding().constants;
  return { capacity: JOINED_SLOTS_AT_ONCE * JOINED_SLOT_ROWS, bytes: JOINED_SLOTS * JOINED_SLOT_BYTES };
}

/**
 * Allocates a batch. The memory belongs to the caller; native code uses it only during a call, so a batch needs no
 * closing, but its arrays must not be transferred to another thread. @throws TunNativeError `ERR_ARGUMENT`
 */
export function createPacketBatch(size: PacketBatchSize): PacketBatch {
  const { capacity, bytes } = size;
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 65536) {
    throw argumentError("capacity", capacity, "a number of packets from 1 to 65536");
  }
  if (!Number.isInteger(bytes) || bytes < capacity * CACHE_LINE_BYTES || bytes > 0x7fffffff) {
    throw argumentError("bytes", bytes, `at least ${capacity * CACHE_LINE_BYTES} and at most 2147483647 bytes`);
  }
  // One buffer: whoever transfers a part transfers all, which PinnedBatch notices. The arena is last, so that its end is
  // the end of the memory: tools that watch memory see whatever reaches too far.
  const descriptorWords = capacity * DESCRIPTOR_WORDS;
  const endpointWords = capacity * ENDPOINT_WORDS;
  const tableBytes = (descriptorWords + endpointWords) * WORD_BYTES;
  const arena = Math.ceil(tableBytes / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
  const buffer = new ArrayBuffer(arena + bytes);
  return new PinnedBatch({
    capacity,
    bytes: new Uint8Array(buffer, arena, bytes),
    descriptors: new Int32Array(buffer, 0, descriptorWords),
    endpoints: new Int32Array(buffer, descriptorWords * WORD_BYTES, endpointWords),
  });
}
