/**
 * Before the first packet: a data plane of its own sends itself packets of every ordinary kind, under keys that nobody
 * has, until the compiler has seen the packet path often enough. Without this, packets are interpreted until some
 * thousand have passed, which takes a quiet tunnel (a ping a second) an hour. What differs in shape or type from the
 * real data plane would undo the work at the first real packet, so everything is made as there.
 */
import { randomBytes } from "node:crypto";
import { endpointOf, parseAddress, SequenceCounter } from "satp-core";
import {
  createPacketBatch,
  createSatpCipher,
  type DatagramSocket,
  type PacketDevice,
  type SatpCipher,
} from "tun-native";
import { DataPlane } from "./data-plane.ts";
import { LoopbackSocket, ReadyPoller, SampleDevice } from "./loopback.ts";
import type { DataPlaneSetup } from "./messages.ts";
import { planeTunnel } from "./plane-tunnel.ts";
import { PlaneReporter } from "./reporter.ts";

/** Sizes of bursts: a lonely packet, a few, and enough for the kernels that take many at once. */
const BURSTS: readonly number[] = [1, 1, 1, 4, 32];
const MOST = 32;
const ROUNDS = 12;
/** New tunnels again and again: what happens only to the first packets must be known too. */
const TUNNELS = 16;
const PACKET_LIMIT = 1200;
const EMPTY_CALLS = 500;
/** Where the store begins for a new key. */
const FIRST_SEQUENCE = 0x10000000;
const ENDPOINT: Int32Array = endpointOf(parseAddress("192.0.2.1"), 4444);

export type WarmUpSetup = Pick<DataPlaneSetup, "tunnel" | "context" | "configuredMux">;

/**
 * Takes a tenth of a second; leaves nothing behind but compiled code.
 * @returns frames that went all the way
 */
export function warmUp(setup: WarmUpSetup): number {
  const cipher = createSatpCipher();
  try {
    let frames = 0;
    for (let i = 0; i < TUNNELS; i++) frames += exchange(setup, cipher);
    return frames;
  } finally {
    cipher.close();
  }
}

/** The calls into the kernel, with nothing to read and nothing to write. */
export function warmUpParts(plane: DataPlane, device: PacketDevice, sockets: readonly DatagramSocket[]): void {
  const nothing = createPacketBatch({ capacity: 1, bytes: 64 });
  for (let i = 0; i < EMPTY_CALLS; i++) {
    plane.turn(0);
    plane.outboundBurst();
    device.write(nothing, 0, 0);
    for (const socket of sockets) {
      plane.inboundBurst(socket);
      socket.send(nothing, 0, 0);
    }
  }
}

function exchange(setup: WarmUpSetup, cipher: SatpCipher): number {
  const { kind, mux } = setup.tunnel;
  const context = {
    ...setup.context,
    masterKey: randomBytes(setup.context.masterKey.length),
    masterSalt: randomBytes(setup.context.masterSalt.length),
    // what comes back is opened as it was sealed
    openLabels: setup.context.sealLabels,
  };
  const sequence = new SequenceCounter();
  sequence.extend({ senderId: 0, first: FIRST_SEQUENCE, end: FIRST_SEQUENCE + 0x100000 });
  const socket = new LoopbackSocket(MOST, ENDPOINT);
  const reporter = new PlaneReporter(() => {}, [socket]);
  const tunnel = planeTunnel({ ...setup, configuredMux: mux, context }, cipher, sequence, reporter);
  const device = new SampleDevice(kind);
  const poller = new ReadyPoller();
  const batch = createPacketBatch({ capacity: MOST, bytes: MOST * 512 });
  const plane = new DataPlane({
    device,
    sockets: [socket],
    poller,
    cipher,
    tunnel,
    frames: batch,
    datagrams: batch,
  });
  plane.packetLimit = PACKET_LIMIT;
  for (let round = 0; round < ROUNDS; round++) {
    for (const burst of BURSTS) {
      device.burst = burst;
      plane.turn(reporter.flush(tunnel, poller.now));
      // before that, frames have nowhere to go
      if (round === 0) tunnel.setEndpoint(mux, ENDPOINT);
    }
  }
  return device.written;
}
