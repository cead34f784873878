/** One end of a tunnel for the stage runner: the kernel's device and socket, as many peers and routes as wished. */
import {
  type BatchCipher,
  cipherContext,
  DEFAULT_SUITE,
  deriveMasterKeys,
  endpointOf,
  parseAddress,
  parsePrefix,
  prefixOf,
  type Role,
  SequenceCounter,
  type Tunnel,
  type TunnelEvents,
} from "satp-core";
import { NetworkInterface, TunDevice, UdpSocket } from "tun-native";

export interface RunnerOptions {
  readonly role: Role;
  /** Address of the other end's host. */
  readonly peer: string;
  /** Own address inside the tunnel and that of the other end. */
  readonly inside: string;
  readonly peerInside: string;
  /** Peers of this end, 1 to 65,536. Each has keys of its own; the traffic is with one of them. */
  readonly peers: number;
  /** IPv4 prefixes; 0 = everything goes to the only peer. */
  readonly routes: number;
}

const PORT = 4444;
export const INNER_MTU = 1400;
/** Prefix lengths of many routes, as in tables of the Internet: most are /24. */
const ROUTE_LENGTHS: readonly number[] = [24, 24, 24, 24, 24, 24, 22, 23, 20, 16];

/** Nobody listens. */
export const noEvents: TunnelEvents = {
  peerDetected() {},
  endpointMoved() {},
  candidateAppeared() {},
  sequenceLow() {},
  livenessChanged() {},
};

export function openTunDevice({ inside }: RunnerOptions): TunDevice {
  const device = TunDevice.open({ kind: "tun", name: "tun0" });
  const link = new NetworkInterface(device.name);
  link.mtu = INNER_MTU;
  link.addAddress({ address: inside, prefixLength: 30 });
  link.isUp = true;
  return device;
}

export function openUdpSocket(): UdpSocket {
  return UdpSocket.open({ family: 4, port: PORT, id: 0, offload: { udpCoalescing: true } });
}

/** The peer that the traffic is with: in the middle of the others. Both ends call themselves and one another so. */
export function trafficMux(peers: number): number {
  return peers >>> 1;
}

/**
 * Adds peers `0` to `peers - 1` and the routes. All peers but one are somewhere else (a network for documentation) and
 * keep silent; prefixes are drawn with a fixed seed and shared out among the peers.
 */
export function populate(tunnel: Tunnel, cipher: BatchCipher, options: RunnerOptions): void {
  const { role, peer, peerInside, peers, routes } = options;
  const traffic = trafficMux(peers);
  for (let mux = 0; mux < peers; mux++) {
    // One passphrase for the pair that talks, others for the rest.
    const passphrase = mux === traffic ? "measured with this passphrase" : `peer ${mux}`;
    const context = cipherContext(DEFAULT_SUITE, deriveMasterKeys({ suite: DEFAULT_SUITE, passphrase }), role);
    const host = mux === traffic ? peer : `198.51.100.${mux & 0xff}`;
    tunnel.addPeer({
      mux,
      context: cipher.addContext(context),
      tagBytes: context.tagBytes,
      sequence: new SequenceCounter({ senderId: 0, first: 0, end: 0x100000000 }),
      endpoint: endpointOf(parseAddress(host), PORT),
    });
  }
  if (routes === 0) return;
  let word = 1;
  for (let added = 1; tunnel.routes.size < routes - 1; added++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    const length = ROUTE_LENGTHS[added % ROUTE_LENGTHS.length] ?? 24;
    tunnel.routes.insert(prefixOf({ family: 4, words: [word, 0, 0, 0] }, length), added % peers);
  }
  tunnel.routes.insert(parsePrefix(`${peerInside}/32`), traffic);
}
