/** Looks for the peer of a configured connection: its name, as long as nothing new comes from where it is. */
import { formatEndpoint } from "satp-core";
import type { AddressFamily, UdpName } from "../config/config.ts";
import { type PeerPage, readPage } from "../data-plane/peer-page.ts";
import type { Logger } from "../log/logger.ts";
import { type LocalSocket, peerEndpoint } from "./peer-endpoint.ts";
import { PeerResolver } from "./peer-resolver.ts";
import type { Address, ResolveContext } from "./resolver.ts";

export interface FollowPeerOptions {
  readonly mux: number;
  readonly remote: UdpName;
  readonly family: AddressFamily;
  readonly names: ResolveContext;
  readonly sockets: readonly LocalSocket[];
  /** Peers from this mux on. */
  readonly peers: (from: number, count: number) => Promise<PeerPage | undefined>;
  readonly setEndpoint: (mux: number, endpoint: Int32Array) => void;
}

export function followPeer({
  mux,
  remote,
  family,
  names,
  sockets,
  peers,
  setEndpoint,
}: FollowPeerOptions): PeerResolver {
  return new PeerResolver({
    ...names,
    name: remote,
    family: usableFamily(family, sockets),
    heardAgo: async () => heardAgo(await peers(mux, 1), mux),
    use: (address, port) => {
      const endpoint = usePeer(address, port, sockets, names.log);
      if (endpoint !== undefined) setEndpoint(mux, endpoint);
    },
  });
}

function usePeer(address: Address, port: number, sockets: readonly LocalSocket[], log: Logger): Int32Array | undefined {
  const endpoint = peerEndpoint(address, port, sockets);
  if (endpoint === undefined) {
    log.warning(`no suitable socket found for remote endpoint protocol: ${address.address} ${port}`);
    return undefined;
  }
  log.notice(`added connection remote host ${formatEndpoint(endpoint)}`);
  return endpoint;
}

/** A name is resolved only to addresses that one of the sockets can reach. */
function usableFamily(wanted: AddressFamily, sockets: readonly Pick<LocalSocket, "family">[]): AddressFamily {
  const has = (family: 4 | 6): boolean => sockets.some((socket) => socket.family === family);
  if (wanted !== "any" || (has(4) && has(6))) return wanted;
  return has(4) ? "ipv4" : "ipv6";
}

function heardAgo(page: PeerPage | undefined, mux: number): number {
  const [peer] = page === undefined ? [] : readPage(page);
  return peer?.mux === mux ? peer.heardAgoMs : -1;
}
