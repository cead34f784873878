/** A resolved address as endpoint words: which local socket reaches it, and the scope of link-local addresses. */
import { networkInterfaces } from "node:os";
import { endpointOf, parseAddress } from "satp-core";
/**
 * Endpoint words of the peer, through the first local socket of its family.
 * @returns undefined when no local socket is of that family
 */
export function peerEndpoint(peer, port, sockets) {
  const socket = sockets.find(({ family }) => family === peer.family);
  if (socket === undefined) return undefined;
  const [address = "", zone = ""] = peer.address.split("%");
  return endpointOf(parseAddress(address), port, { scope: scopeOf(zone), socket: socket.id });
}
/** 0 for a zone that does not exist: the kernel then says that the address is out of reach. */
function scopeOf(zone) {
  if (/^\d+$/.test(zone)) return Number(zone);
  const link = networkInterfaces()[zone]?.find((entry) => entry.family === "IPv6" && entry.scopeid !== 0);
  return link?.family === "IPv6" ? link.scopeid : 0;
}
//# sourceMappingURL=peer-endpoint.js.map
