/**
 * Keeps packets inside the tunnel as short as the path below it takes: tells the data plane the limit for TCP, and
 * with `--mtu auto` the interface. Without it a datagram that is too long still arrives, in fragments, and the log says so.
 */
import { ENDPOINT_FAMILY, formatEndpoint, HEADER_BYTES, PAYLOAD_TYPE_BYTES } from "satp-core";
import { errorText } from "../error-text.js";

const UDP_HEADER_BYTES = 8;
const ETHERNET_HEADER_BYTES = 14;
const IP_HEADER_BYTES = { 4: 20, 6: 40 };
/** Bounds of `--mtu auto`: no IPv6 below 1280, no IPv4 below 576, no frame longer than the data plane takes. */
const LEAST_IPV6_MTU = 1280;
const LEAST_MTU = 576;
const MOST_MTU = 9000;
/** Bytes of the longest IP packet that passes the tunnel in one datagram without fragments. */
export function fittingPacket(pathMtu, family, kind, tagBytes) {
  const below = (IP_HEADER_BYTES[family] ?? 40) + UDP_HEADER_BYTES + HEADER_BYTES + PAYLOAD_TYPE_BYTES + tagBytes;
  return pathMtu - below - (kind === "tap" ? ETHERNET_HEADER_BYTES : 0);
}
export class TunnelMtu {
  #options;
  #sinks;
  #endpoint;
  /** The last line, so that a state is logged once. */
  #said = "";
  constructor(options, sinks) {
    this.#options = options;
    this.#sinks = sinks;
  }
  /** The peer is at this endpoint now. */
  follow(endpoint) {
    this.#endpoint = endpoint;
    this.check();
  }
  /** Looks at the path again; call it now and then, because routes and interfaces change. Never throws. */
  check() {
    try {
      this.#check();
    } catch (error) {
      this.#say(`the MTU towards the peer is not known: ${errorText(error)}`);
    }
  }
  #check() {
    const { mtu, mssClamp, kind, tagBytes, device } = this.#options;
    const endpoint = this.#endpoint;
    let limit = this.#sinks.interfaceMtu;
    if (endpoint !== undefined) {
      const path = this.#sinks.pathMtu(endpoint);
      const fits = fittingPacket(path, endpoint[ENDPOINT_FAMILY] ?? 0, kind, tagBytes);
      const place = `path MTU ${path} to ${formatEndpoint(endpoint)}`;
      if (mtu === "auto") {
        const least = this.#options.ipv6 === undefined ? LEAST_MTU : LEAST_IPV6_MTU;
        const wanted = Math.min(Math.max(fits, least), MOST_MTU);
        if (wanted !== limit) this.#sinks.interfaceMtu = wanted;
        limit = wanted;
        this.#say(`MTU of ${device} is ${wanted}: ${place}`);
      } else if (fits < limit) {
        this.#say(`packets longer than ${fits} bytes leave in fragments: ${place}, MTU of ${device} is ${limit}`);
      }
      limit = Math.min(limit, fits);
    }
    this.#sinks.limitPackets(mssClamp ? Math.max(limit, 0) : 0);
  }
  #say(text) {
    if (text === this.#said) return;
    this.#said = text;
    this.#options.log.notice(text);
  }
}
//# sourceMappingURL=tunnel-mtu.js.map
