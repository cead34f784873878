/** A whole tunnel in one process: two data planes, a network and a clock, all in memory. */
import {
  cipherContext,
  DEFAULT_SUITE,
  deriveMasterKeys,
  effectiveSuite,
  endpointOf,
  type KeepAliveConfig,
  nodeBatchCipher,
  parseAddress,
  type Role,
  SequenceCounter,
  Tunnel,
} from "satp-core";
import { createPacketBatch } from "tun-native";
import { MemoryDevice, type MemoryNetwork, MemoryPoller, type MemorySocket } from "tun-native/testing";
import { DataPlane } from "../../src/data-plane/data-plane.ts";
import type { Report } from "../../src/data-plane/messages.ts";
import { PlaneReporter } from "../../src/data-plane/reporter.ts";

const PORT = 4444;

export interface EndOptions {
  readonly role: Role;
  readonly address: string;
  /** Address of the peer; absent = it is detected. */
  readonly peer?: string;
  readonly windowSize?: number;
  /** Own numbers; default a million from 0. */
  readonly numbers?: number;
  readonly keepAlive?: KeepAliveConfig;
  /** Default: a new one. */
  readonly device?: MemoryDevice;
}

/** One end of the tunnel. */
export interface MemoryEnd {
  readonly plane: DataPlane;
  readonly poller: MemoryPoller;
  readonly tunnel: Tunnel;
  readonly device: MemoryDevice;
  readonly socket: MemorySocket;
  readonly reporter: PlaneReporter;
  readonly sequence: SequenceCounter;
  /** What the reporter sent. */
  readonly reports: Report[];
}

export function memoryEnd(network: MemoryNetwork, options: EndOptions): MemoryEnd {
  const suite = effectiveSuite(DEFAULT_SUITE);
  const keys = deriveMasterKeys({ suite, passphrase: Buffer.from("in memory") });
  const context = cipherContext(suite, keys, options.role);
  const cipher = nodeBatchCipher();
  const sequence = new SequenceCounter({ senderId: 0, first: 0, end: options.numbers ?? 1_000_000 });
  const peerKeys = { context: cipher.addContext(context), tagBytes: context.tagBytes, sequence };
  const reports: Report[] = [];
  const device = options.device ?? new MemoryDevice();
  const socket = network.socket({ family: 4, address: options.address, port: PORT, id: 0 });
  const reporter = new PlaneReporter((report) => reports.push(report), [socket]);
  const tunnel = new Tunnel({
    kind: device.kind,
    mux: 0,
    windowSize: options.windowSize ?? 0,
    routing: "single",
    autodetect: options.peer === undefined ? peerKeys : undefined,
    keepAlive: options.keepAlive,
    events: reporter,
  });
  if (options.peer !== undefined) {
    tunnel.addPeer({ ...peerKeys, mux: 0, endpoint: endpointOf(parseAddress(options.peer), PORT) });
  }
  const poller = new MemoryPoller([device, socket], network);
  const plane = new DataPlane({
    device,
    sockets: [socket],
    poller,
    cipher,
    tunnel,
    frames: createPacketBatch({ capacity: 32, bytes: 32 * 9728 }),
    datagrams: createPacketBatch({ capacity: 32, bytes: 32 * 2048 }),
  });
  plane.tagBytes = context.tagBytes;
  return { plane, poller, tunnel, device, socket, reporter, sequence, reports };
}

/** An IPv4 packet whose payload says which one it is. */
export function ipPacket(number: number, bytes = 84): Uint8Array {
  const packet = Buffer.alloc(bytes, number & 0xff);
  packet[0] = 0x45;
  packet.writeUInt32BE(number, 20);
  return packet;
}

/** The numbers of the packets that a device was given. */
export function numbersOf(frames: readonly Uint8Array[]): number[] {
  return frames.map((frame) => Buffer.from(frame).readUInt32BE(20));
}
