/** Device and socket of the warm-up: the device delivers sample frames, the socket gives back what was sent. */
import { type DeviceKind, type PacketBatch } from "satp-core";
import type { DatagramSocket, PacketDevice, Poller } from "tun-native";
export declare class SampleDevice implements PacketDevice {
  #private;
  readonly name = "samples";
  readonly pending = false;
  readonly writeErrors = 0;
  readonly kind: DeviceKind;
  /** Frames of the next `read`. */
  burst: number;
  /** Frames written. */
  written: number;
  constructor(kind: DeviceKind);
  read(batch: PacketBatch): number;
  write(_batch: PacketBatch, _first: number, count: number): number;
  close(): void;
}
/** Receives into the batch of frames itself: the warm-up's data plane has one batch for both directions. */
export declare class LoopbackSocket implements DatagramSocket {
  #private;
  readonly family = 4;
  readonly port = 4444;
  readonly address = "192.0.2.1";
  readonly id = 0;
  readonly sendErrors: Float64Array;
  readonly lastSendErrno = 0;
  constructor(capacity: number, endpoint: Int32Array);
  send(batch: PacketBatch, first: number, count: number): number;
  receive(batch: PacketBatch): number;
  close(): void;
}
/** Device and socket are always ready. */
export declare class ReadyPoller implements Poller {
  readonly woken = false;
  /** A fraction, as the clock has: a whole number would be another type to the compiler. */
  now: number;
  wait(): number;
  close(): void;
}
