/**
 * Keeps packets inside the tunnel as short as the path below it takes: tells the data plane the limit for TCP, and
 * with `--mtu auto` the interface. Without it a datagram that is too long still arrives, in fragments, and the log says so.
 */
import { ENDPOINT_FAMILY, formatEndpoint, HEADER_BYTES, PAYLOAD_TYPE_BYTES } from "satp-core";
import type { Config } from "../config/config.ts";
import { errorText } from "../error-text.ts";
import type { Logger } from "../log/logger.ts";

const UDP_HEADER_BYTES = 8;
const ETHERNET_HEADER_BYTES = 14;
const IP_HEADER_BYTES: Readonly<Record<number, number>> = { 4: 20, 6: 40 };
/** Bounds of `--mtu auto`: no IPv6 below 1280, no IPv4 below 576, no frame longer than the data plane takes. */
const LEAST_IPV6_MTU = 1280;
const LEAST_MTU = 576;
const MOST_MTU = 9000;

/** What the tunnel's interface and the data plane offer here. */
export interface MtuSinks {
  /** MTU of the tunnel's interface. */
  interfaceMtu: number;
  /** @throws when there is no route */
  pathMtu(endpoint: Int32Array): number;
  /** Limit for TCP, 0 = none. */
  limitPackets(bytes: number): void;
}

export interface MtuOptions extends Pick<Config, "mtu" | "mssClamp" | "ipv6"> {
  readonly kind: "tun" | "tap";
  readonly tagBytes: number;
  /** Longest frame that the data plane takes, in bytes. */
  readonly frameBytes: number;
  /** Name of the interface, for the log. */
  readonly device: string;
  readonly log: Logger;
}

/** Bytes of the longest IP packet that passes the tunnel in one datagram without fragments. */
export function fittingPacket(pathMtu: number, family: number, kind: "tun" | "tap", tagBytes: number): number {
  const below = (IP_HEADER_BYTES[family] ?? 40) + UDP_HEADER_BYTES + HEADER_BYTES + PAYLOAD_TYPE_BYTES + tagBytes;
  return pathMtu - below - (kind === "tap" ? ETHERNET_HEADER_BYTES : 0);
}

export class TunnelMtu {
  readonly #options: MtuOptions;
  readonly #sinks: MtuSinks;
  #endpoint: Int32Array | undefined;
  /** The last line, so that a state is logged once. */
  #said = "";

  constructor(options: MtuOptions, sinks: MtuSinks) {
    this.#options = options;
    this.#sinks = sinks;
  }

  /** The peer is at this endpoint now. */
  follow(endpoint: Int32Array): void {
    this.#endpoint = endpoint;
    this.check();
  }

  /** Looks at the path again; call it now and then, because routes and interfaces change. Never throws. */
  check(): void {
    try {
      this.#check();
    } catch (error) {
      this.#say(`the MTU towards the peer is not known: ${errorText(error)}`);
    }
  }

  #check(): void {
    const { mtu, mssClamp, kind, tagBytes, frameBytes, device } = this.#options;
    const endpoint = this.#endpoint;
    const { interfaceMtu } = this.#sinks;
    let limit = Math.min(interfaceMtu, frameBytes - (kind === "tap" ? ETHERNET_HEADER_BYTES : 0));
    if (endpoint !== undefined) {
      const path = this.#sinks.pathMtu(endpoint);
      const fits = fittingPacket(path, endpoint[ENDPOINT_FAMILY] ?? 0, kind, tagBytes);
      const place = `path MTU ${path} to ${formatEndpoint(endpoint)}`;
      if (mtu === "auto") {
        const least = this.#options.ipv6 === undefined ? LEAST_MTU : LEAST_IPV6_MTU;
        const wanted = Math.min(Math.max(fits, least), MOST_MTU);
        if (wanted !== interfaceMtu) this.#sinks.interfaceMtu = wanted;
        limit = wanted;
        this.#say(`MTU of ${device} is ${wanted}: ${place}`);
      } else if (fits < limit) {
        this.#say(
          `packets longer than ${fits} bytes leave in fragments: ${place}, MTU of ${device} is ${interfaceMtu}`,
        );
      }
      limit = Math.min(limit, fits);
    }
    this.#sinks.limitPackets(mssClamp ? Math.max(limit, 0) : 0);
  }

  #say(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    this.#options.log.notice(text);
  }
}
