/** The UDP sockets of the tunnel: opened on the main thread, because their errors belong to the start (spec: anytun-cli.md 9). */
import { TunNativeError, UdpSocket } from "tun-native";
import { resolve } from "./resolver.js";

const ANY = {
  any: [
    { family: 4, address: "0.0.0.0" },
    { family: 6, address: "::" },
  ],
  ipv4: [{ family: 4, address: "0.0.0.0" }],
  ipv6: [{ family: 6, address: "::" }],
};
/**
 * Binds every address of the local name, or both wildcards. Socket `i` has `id` `i`.
 * @returns at least one socket; the caller owns them. Undefined when `signal` aborted before the name was resolved.
 * @throws TunNativeError of the first address that cannot be bound; nothing stays open then
 */
export async function openSockets(config, context, signal) {
  const { host, port } = config.local;
  const addresses =
    host === undefined ? ANY[config.family] : await resolve({ host, port }, config.family, context, signal);
  if (addresses === undefined) return undefined;
  const offload = { udpSegmentation: config.offload.udp, udpCoalescing: config.offload.udp };
  const sockets = [];
  try {
    for (const { family, address } of addresses) {
      const socket = tryOpen({ family, address, port, id: sockets.length, offload }, host === undefined);
      if (socket === undefined) continue;
      sockets.push(socket);
      context.log.notice(`opening socket: ${socket.label}`);
    }
    const [first] = sockets;
    if (first === undefined) throw new Error("neither IPv4 nor IPv6 is available on this host");
    context.log.notice(`socket offloads: ${first.offloads.join(" ") || "none"}`);
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
  return sockets;
}
/** A kernel without one of the families is no reason not to serve the other, unless that one was asked for. */
function tryOpen(options, optional) {
  try {
    return UdpSocket.open(options);
  } catch (error) {
    if (optional && error instanceof TunNativeError && error.code === "EAFNOSUPPORT") return undefined;
    throw error;
  }
}
//# sourceMappingURL=local-sockets.js.map
