/** The parts of a data plane that the world does not see: all of the kernel's classes, and what they send comes back. */
import { DESCRIPTOR_WORDS, type DeviceKind, endpointOf, type PacketBatch, parseAddress } from "satp-core";
import { createPacketBatch, EventSignal, FdPoller, joinedBatchSize, TunDevice, UdpSocket } from "tun-native";
import { sampleFrames } from "./sample-frames.ts";
import { sampleStream } from "./sample-stream.ts";

/** Room for a sample. */
const STRIDE = 2048;
/** What comes back is there at once; a look for more would give the processor away, on a busy machine for milliseconds. */
const SPIN_US = 0;
/** Enough for a burst whose frames are as long as the device takes them. */
const BURST = { capacity: 32, bytes: 32 * 9728 };

/** What the host sends: a frame of each ordinary kind, or segments of one stream. */
export type Samples = "mixed" | "stream";

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
  readonly #samples: Readonly<Record<Samples, PacketBatch>>;
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
    this.#samples = {
      mixed: batchOf(sampleFrames(kind)),
      stream: batchOf(sampleStream(kind, BURST.capacity)),
    };
  }

  /** Gives the device frames to be read. */
  feed(samples: Samples, count: number): void {
    const batch = this.#samples[samples];
    let next = this.#next % batch.capacity;
    for (let left = count; left > 0; ) {
      const most = Math.min(left, batch.capacity - next);
      this.#host.write(batch, next, most);
      next = (next + most) % batch.capacity;
      left -= most;
    }
    this.#next = next;
  }

  /** Takes what was written to the device. Returns the number of frames. */
  drain(): number {
    let taken = 0;
    for (let more = -1; more !== 0; taken += more) more = this.#host.read(this.#taken);
    return taken;
  }

  close(): void {
    this.poller.close();
    this.#signal.close();
    this.#host.close();
    this.device.close();
    this.sockets[0].close();
  }
}

function batchOf(frames: readonly Uint8Array[]): PacketBatch {
  const batch = createPacketBatch({ capacity: frames.length, bytes: frames.length * STRIDE });
  for (const [row, frame] of frames.entries()) {
    batch.bytes.set(frame, row * STRIDE);
    batch.descriptors.set([row * STRIDE, frame.length, 0, 0], row * DESCRIPTOR_WORDS);
  }
  return batch;
}
