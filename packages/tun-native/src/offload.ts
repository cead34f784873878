/** Which work on packets the kernel does in bulk, as wished by the caller and as granted at open. */
import type { NativeBinding } from "./binding.ts";

/** What a device does: finish checksums and cut super-frames of TCP and UDP on read, join segments on write. */
export type DeviceOffload =
  | "checksum"
  | "tso4"
  | "tso6"
  | "tso-ecn"
  | "uso"
  | "coalesce-tcp"
  /** Joins UDP datagrams; needs a kernel with UDP segmentation for TUN (6.2). */
  | "coalesce-udp"
  /** Moves many frames in one system call; needs a kernel that serves TUN without waiting (6.4) and lets it be used. */
  | "io-uring";

/** What a socket does: send and receive many datagrams of one size as one message. */
export type SocketOffload = "segmentation" | "coalescing";

export interface DeviceOffloadOptions {
  /** Let the kernel deliver super-frames of up to 64 KiB, which `read` cuts. Default true. */
  readonly tunSegmentation?: boolean;
  /** Join consecutive segments of a flow, after their checksums were verified, into one write. Default true. */
  readonly coalescing?: boolean;
  /** Read and write many frames in one system call. Only with one of the others. Default true. */
  readonly ring?: boolean;
}

export interface SocketOffloadOptions {
  /** UDP_SEGMENT: send runs of equal datagrams for one destination as one message. Default true. */
  readonly udpSegmentation?: boolean;
  /** UDP_GRO: receive such runs as one message; batches must be of `joinedBatchSize()` then. Default false. */
  readonly udpCoalescing?: boolean;
}

/** Frames that a device moved in bulk since it was opened. */
export interface DeviceOffloadCounters {
  /** Super-frames read, and the frames that they were cut into. */
  readonly superFrames: number;
  readonly segments: number;
  /** Writes of joined frames, and the frames in them. */
  readonly joinedWrites: number;
  readonly joinedFrames: number;
  /** Calls of io_uring, and the frames that were moved in them, each super-frame as one. */
  readonly ringCalls: number;
  readonly ringFrames: number;
  /** Single frames that went before super-frames of other flows, which had come first. */
  readonly overtakes: number;
}

/** Datagrams that a socket moved in bulk since it was opened. */
export interface SocketOffloadCounters {
  /** Segmented messages sent, and the datagrams in them. */
  readonly segmentedSends: number;
  readonly segmentedDatagrams: number;
  /** Segmented messages that the kernel refused (path too narrow, no support below); their datagrams went singly. */
  readonly refusedSends: number;
  /** Joined messages received, and the datagrams in them. */
  readonly coalescedReceives: number;
  readonly coalescedDatagrams: number;
  /** Datagrams of joined messages that found no row in the batch. */
  readonly lostDatagrams: number;
}

/**
 * Asks the kernel for one feature after the other and keeps what it grants. UDP segmentation is also the sign that
 * joined UDP may be written.
 * @param fd a device with a vnet header
 */
export function grantOffloads(
  native: NativeBinding,
  fd: number,
  wanted: Required<DeviceOffloadOptions>,
): DeviceOffload[] {
  const { TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6, TUN_F_TSO_ECN, TUN_F_USO4, TUN_F_USO6 } = native.constants;
  const set = (flags: number): number => native.setOffload(fd, flags);
  const features: readonly [DeviceOffload, number][] = [
    ["checksum", TUN_F_CSUM],
    ["tso4", TUN_F_TSO4],
    ["tso6", TUN_F_TSO6],
    ["tso-ecn", TUN_F_TSO_ECN],
    ["uso", TUN_F_USO4 | TUN_F_USO6],
  ];
  const granted: DeviceOffload[] = [];
  let flags = 0;
  for (const [name, flag] of features) {
    if (set(flags | flag) < 0) continue;
    flags |= flag;
    granted.push(name);
  }
  const hasUdp = granted.includes("uso");
  if (!wanted.tunSegmentation) {
    granted.length = 0;
    flags = 0;
  }
  // Also after a refusal: what a refused call left behind is unknown.
  set(flags);
  if (wanted.coalescing) granted.push("coalesce-tcp");
  if (wanted.coalescing && hasUdp) granted.push("coalesce-udp");
  if (wanted.ring && native.probeRing(fd) >= 0) granted.push("io-uring");
  return granted;
}

/** Sets and asks what the kernel has of UDP_SEGMENT and UDP_GRO. */
export function grantSocketOffloads(native: NativeBinding, fd: number, wanted: SocketOffloadOptions): SocketOffload[] {
  const { SOL_UDP, UDP_SEGMENT, UDP_GRO } = native.constants;
  const granted: SocketOffload[] = [];
  if ((wanted.udpSegmentation ?? true) && native.getSocketOption(fd, SOL_UDP, UDP_SEGMENT) >= 0) {
    granted.push("segmentation");
  }
  if ((wanted.udpCoalescing ?? false) && native.setSocketOption(fd, SOL_UDP, UDP_GRO, 1) >= 0) {
    granted.push("coalescing");
  }
  return granted;
}
