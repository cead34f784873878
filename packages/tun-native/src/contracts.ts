/** What the data plane needs of a device and a socket: implemented by the kernel-backed classes and by the fakes in `tun-native/testing`. */

/**
 * A batch of packets in preallocated memory. Row `i` of `descriptors` is four words: offset of the
 * packet in `bytes`, its length, a context number that belongs to the caller, and flags. Row `i` of
 * `endpoints` is eight words: family (4, 6, 0 = none), port, IPv6 scope id, number of the local
 * socket, and the address as four big-endian words (IPv4: one word and three zeros).
 */
export interface PacketBatch {
  readonly capacity: number;
  readonly bytes: Uint8Array;
  readonly descriptors: Int32Array;
  readonly endpoints: Int32Array;
}

/** `tun` carries IP packets, `tap` Ethernet frames. */
export type DeviceKind = "tun" | "tap";

/** A TUN or TAP device, read and written in batches. Never blocks. */
export interface PacketDevice {
  readonly kind: DeviceKind;
  /** Interface name as the kernel gave it. */
  readonly name: string;
  /** Longest frame that `read` takes whole, in bytes. */
  readonly maxFrameBytes: number;
  /**
   * Reads frames until the device is drained or the batch is full, and returns how many. Fills
   * offset and length; leaves `headroom` free bytes before and `tailroom` behind each frame.
   * A frame longer than `maxFrameBytes` has flag 2 (`truncated`): of it there are only the first bytes. One that was cut from
   * the same super-frame as the one in the row before has flag 4 (`segment`).
   * @throws TunNativeError when the device is gone.
   */
  read(batch: PacketBatch): number;
  /**
   * Bytes between the frames of what the kernel delivers in one piece: what is put before and behind each of them must fit
   * in there. 0, as it begins: they get `headroom` and `tailroom` as all others.
   */
  segmentGap: number;
  /**
   * Whether the last `read` left frames that are no longer in the kernel, because the batch was full in the middle
   * of what the kernel delivers in one piece. A poller does not report them: whoever waits must read them first.
   */
  readonly pending: boolean;
  /**
   * Writes the frames of rows `[first, first + count)`. Returns how many the kernel took; the rest
   * is counted in `writeErrors`. @throws TunNativeError when the device is gone.
   */
  write(batch: PacketBatch, first: number, count: number): number;
  /** Frames that the kernel refused (interface down, not an IP packet, no memory). */
  readonly writeErrors: number;
  /** Idempotent. */
  close(): void;
}

/** Why `send` could not hand a datagram to the network; index into {@link DatagramSocket.sendErrors}. */
export const SendError = { full: 0, tooBig: 1, unreachable: 2, other: 3 } as const;

/** A UDP socket of one address family, read and written in batches. Never blocks longer than a few milliseconds. */
export interface DatagramSocket {
  readonly family: 4 | 6;
  /** Local port as bound. */
  readonly port: number;
  /** Local address in text form. */
  readonly address: string;
  /** Number that `receive` writes into the socket word of `endpoints`; chosen by the opener. */
  readonly id: number;
  /** Receives until drained or full; fills offset, length, flags and `endpoints`. Returns how many. */
  receive(batch: PacketBatch): number;
  /** Sends rows `[first, first + count)` to their `endpoints`. Returns how many left; the others are counted in `sendErrors`. */
  send(batch: PacketBatch, first: number, count: number): number;
  /** Datagrams not sent, by {@link SendError}. */
  readonly sendErrors: Float64Array;
  /** errno of the last failure to send, 0 if none. */
  readonly lastSendErrno: number;
  /** Idempotent. */
  close(): void;
}

/** Waits for devices and sockets; bit `i` of the result says that source `i` (in the order of the constructor) is readable. */
export interface Poller {
  /**
   * Blocks until a source is readable, `wake()` was called or the time is over.
   * @param timeoutMs -1 waits for ever, 0 only looks.
   * @returns bit set of readable sources; 0 after `wake()` or the time-out.
   * @throws TunNativeError when a source is gone (POLLERR on a deleted device).
   */
  wait(timeoutMs: number): number;
  /**
   * As `wait(0)`, but while packets follow one another closely it goes on looking for some microseconds when there is
   * none: for after a burst, before `wait` sleeps.
   */
  look(): number;
  /** As `wait(0)`, after others who could use the processor had their turn: for after many packets that somebody here must take. */
  giveWay(): number;
  /** Whether the last `wait` was ended, or accompanied, by `wake()`. */
  readonly woken: boolean;
  /** After `look` or `giveWay`: whether somebody else kept the processor for more than two milliseconds. False after `wait`. */
  readonly crowded: boolean;
  /** Monotonic milliseconds when the last `wait` ended: one reading for all packets that it found. */
  readonly now: number;
  close(): void;
}
