/** A device without a kernel: `TunDevice` on one end of a channel that keeps packets apart, the test on the other. */

import { type DeviceKind, type DeviceOffload, TunDevice } from "../../src/index.ts";
import { loadBinding } from "../../src/load-binding.ts";

export interface FramePipe {
  readonly device: TunDevice;
  /** Hands the device what a kernel would: a vnet header and a frame. */
  feed(written: Uint8Array): void;
  /** What the device wrote since the last call: vnet header and frame each. */
  drain(): Buffer[];
  close(): void;
}

export const EVERYTHING: readonly DeviceOffload[] = ["checksum", "tso4", "tso6", "uso", "coalesce-tcp", "coalesce-udp"];

export function framePipe(
  kind: DeviceKind = "tun",
  offloads: readonly DeviceOffload[] = EVERYTHING,
  maxFrameBytes = 9216,
): FramePipe {
  const native = loadBinding();
  const ends = new Int32Array(2);
  if (native.createPacketPair(ends) < 0) throw new Error("no packet pair");
  const [fd = -1, far = -1] = ends;
  const { SOL_SOCKET, SO_SNDBUF, SO_SNDBUFFORCE } = native.constants;
  for (const end of ends) {
    // the forced form is root's; without it there is room for one super-frame at least
    native.setSocketOption(end, SOL_SOCKET, SO_SNDBUF, 1 << 20);
    native.setSocketOption(end, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 20);
  }
  native.releaseDescriptor(fd);
  const device = TunDevice.attach({ fd, kind, name: "pipe", maxFrameBytes, hasVnetHeader: true, offloads });
  const buffer = Buffer.alloc(70_000);
  return {
    device,
    feed(written) {
      const result = native.writeFrame(far, written);
      if (result !== written.length) throw new Error(`the pipe took ${result} of ${written.length} bytes`);
    },
    drain() {
      const written: Buffer[] = [];
      for (let length = native.readFrame(far, buffer); length > 0; length = native.readFrame(far, buffer)) {
        written.push(Buffer.from(buffer.subarray(0, length)));
      }
      return written;
    },
    close() {
      device.close();
      native.closeDescriptor(far);
    },
  };
}
