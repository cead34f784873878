import type { Config } from "../config/config.ts";
import type { Logger } from "../log/logger.ts";
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
  /** Name of the interface, for the log. */
  readonly device: string;
  readonly log: Logger;
}
/** Bytes of the longest IP packet that passes the tunnel in one datagram without fragments. */
export declare function fittingPacket(pathMtu: number, family: number, kind: "tun" | "tap", tagBytes: number): number;
export declare class TunnelMtu {
  #private;
  constructor(options: MtuOptions, sinks: MtuSinks);
  /** The peer is at this endpoint now. */
  follow(endpoint: Int32Array): void;
  /** Looks at the path again; call it now and then, because routes and interfaces change. Never throws. */
  check(): void;
}
