/** The parts of a data plane that the world does not see: all of the kernel's classes, and what they send comes back. */
import { DESCRIPTOR_WORDS, type DeviceKind, endpointOf, type PacketBatch, parseAddress } from "satp-core";
import { createPacketBatch, EventSignal, FdPoller, joinedBatchSize, TunDevice, UdpSocket } from "tun-native";
import { sampleFrames } from "./sample-frames.ts";

const STRIDE = 512;
/** What comes back is there at once; a look for more would give the processor away, on a busy machine for milliseconds. */
const SPIN_US = 0;
/** Enough for a burst whose frames are as long as the device takes them. */
const BURST = { capacity: 32, bytes: 32 * 9728 };

export class Loopback {
  /** Its other end is here. */
  readonly device: TunDevice;
  /** What it sends to `endpoint` it receives. */
  readonly sockets: readonly [UdpSocket];
  readonly endpoint: Int32Array;
  readonly poller: FdPoller;
  readonly frames: PacketBatch = createPacketBatch(BURST);
  readonly datagrams: PacketBatch = createPacketBatch(joinedBatchSize());
  readonly #host: TunDevice;
  readonly #signal: EventSignal = EventSignal.create();
  readonly #samples: PacketBatch;
  readonly #taken: PacketBatch = createPacketBatch(BURST);
  #next = 0;

  /** @throws TunNativeError where this machine has no IPv4 loopback */
  constructor(kind: DeviceKind) {
    const socket = UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0, offload: { udpCoalescing: true } });
    this.sockets = [socket];
    this.endpoint = endpointOf(parseAddress(socket.address), socket.port);
    [this.device, this.#host] = TunDevice.pair(kind, ["coalesce-tcp", "coalesce-udp"]);
    const readAhead = [
      { index: 0, source: this.device, batch: this.frames },
      { index: 1, source: socket, batch: this.datagrams },
    ];
    this.poller = new FdPoller([this.device, socket], this.#signal, readAhead, SPIN_US);
    const samples = sampleFrames(kind);
    this.#samples = createPacketBatch({ capacity: samples.length, bytes: samples.length * STRIDE });
    for (const [row, frame] of samples.entries()) {
      this.#samples.bytes.set(frame, row * STRIDE);
      this.#samples.descriptors.set([row * STRIDE, frame.length, 0, 0], row * DESCRIPTOR_WORDS);
    }
  }

  /** Gives the device frames to be read. */
  feed(count: number): void {
    for (let left = count; left > 0; ) {
      const most = Math.min(left, this.#samples.capacity - this.#next);
      this.#host.write(this.#samples, this.#next, most);
      this.#next = (this.#next + most) % this.#samples.capacity;
      left -= most;
    }
  }

  /** Takes what was written to the device. Returns the number of frames. */
  drain(): number {
    return this.#host.read(this.#taken);
  }

  close(): void {
    this.poller.close();
    this.#signal.close();
    this.#host.close();
    this.device.close();
    this.sockets[0].close();
  }
}
