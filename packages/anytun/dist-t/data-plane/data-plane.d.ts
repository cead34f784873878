import type { BatchCipher, PacketBatch, Tunnel } from "satp-core";
import type { DatagramSocket, PacketDevice, Poller } from "tun-native";
/** Everything the packets pass through, opened by somebody else and closed by {@link DataPlane.close}. */
export interface DataPlaneParts {
  readonly device: PacketDevice;
  /** Socket `i` has `id` `i`. */
  readonly sockets: readonly DatagramSocket[];
  /** Sources in this order: the device, then the sockets. */
  readonly poller: Poller;
  readonly cipher: BatchCipher;
  readonly tunnel: Tunnel;
  /** Arena of the outbound direction. */
  readonly frames: PacketBatch;
  /** Arena of the inbound direction. */
  readonly datagrams: PacketBatch;
}
/**
 * One thread's packet path. A turn waits for the kernel, then moves one burst from the device to
 * the network and one from each socket to the device, so that neither direction starves the other.
 */
export declare class DataPlane {
  #private;
  /** Longest IP packet that TCP connections through the tunnel are told of, in bytes; 0 = they are not told. */
  packetLimit: number;
  constructor(parts: DataPlaneParts);
  /**
   * Waits for packets and moves one burst of each ready source.
   * @param timeoutMs longest wait, -1 for ever, 0 not at all
   * @throws TunNativeError when the device or a socket is gone
   */
  turn(timeoutMs: number): void;
  /** Device → network. Returns the number of datagrams handed to the sockets. */
  outboundBurst(): number;
  /** Network → device. Returns the number of frames that the device took. */
  inboundBurst(socket: DatagramSocket): number;
  /** Closes everything the plane was made of. Idempotent. */
  close(): void;
}
