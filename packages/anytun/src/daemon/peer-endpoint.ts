/** A resolved address as endpoint words: which local socket reaches it, and the scope of link-local addresses. */
import { networkInterfaces } from "node:os";
import { endpointOf, parseAddress } from "satp-core";
import type { Address } from "./resolver.ts";

/** What is needed of a local socket to choose it. */
export interface LocalSocket {
  readonly family: 4 | 6;
  readonly id: number;
}

/**
 * Endpoint words of the peer, through the first local socket of its family.
 * @returns undefined when no local socket is of that family
 */
export function peerEndpoint(peer: Address, port: number, sockets: readonly LocalSocket[]): Int32Array | undefined {
  const socket = sockets.find(({ family }) => family === peer.family);
  if (socket === undefined) return undefined;
  const [address = "", zone = ""] = peer.address.split("%");
  return endpointOf(parseAddress(address), port, { scope: scopeOf(zone), socket: socket.id });
}

/** 0 for a zone that does not exist: the kernel then says that the address is out of reach. */
function scopeOf(zone: string): number {
  if (zone === "") return 0;
  if (/^\d+$/.test(zone)) return Number(zone);
  const link = networkInterfaces()[zone]?.find((entry) => entry.family === "IPv6" && entry.scopeid !== 0);
  return link?.family === "IPv6" ? link.scopeid : 0;
}
