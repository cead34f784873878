/** What goes into the puncher and what comes out of it: events and actions, no sockets and no clock. */
import type { Diagnosis, Endpoint, HoleEvent } from "../hole-types.ts";
import type { Session } from "../wire.ts";

/** Numbers of sockets: the main ones have the local port of the caller, one for each address of the peer. */
export const MAIN_SOCKETS = 2;
/** Sockets from here on are those of the short-TTL pair, one for each main socket. */
export const FIRST_SIDE_SOCKET = 2;
/** Sockets from here on are those that spray. */
export const FIRST_SPRAY_SOCKET = 8;

export interface PunchOptions {
  /** The peer's endpoint for each main socket; an original is looked for with the first one only. */
  readonly peers: readonly Endpoint[];
  /** Port of the main sockets. */
  readonly localPort: number;
  readonly windowMs: number;
  /** Infinity waits for ever. */
  readonly timeoutMs: number;
  readonly capabilities: number;
  readonly session: Session;
  readonly spray: boolean;
  readonly lowPorts: boolean;
  readonly shortTtl: boolean;
  /** From 0 to just below 1. */
  readonly random: () => number;
}

export type PunchInput =
  | { readonly is: "datagram"; readonly socket: number; readonly from: Endpoint; readonly bytes: Uint8Array }
  /** ICMP about a packet of ours. `bytes` is the beginning of its payload, as far as it came back. */
  | {
      readonly is: "bounced";
      readonly socket: number;
      readonly to: Endpoint;
      readonly bytes: Uint8Array;
      readonly why: BounceReason;
      /** Who says so. */
      readonly by: string;
    }
  /** The time {@link Puncher.wakeAt} has come. */
  | { readonly is: "wake" };

/** Nobody listens; no way there; the packet's TTL was used up. */
export type BounceReason = "refused" | "unreachable" | "expired";

export type PunchAction =
  | {
      readonly do: "send";
      readonly socket: number;
      readonly to: Endpoint;
      readonly bytes: Uint8Array;
      /** Absent: the system's default. */
      readonly ttl?: number;
    }
  /**
   * Open a further socket of the family of `like`, with this port; 0 leaves the choice to the system. Where that fails,
   * packets from this socket are dropped silently.
   */
  | { readonly do: "open"; readonly socket: number; readonly like: number; readonly port: number }
  | { readonly do: "tell"; readonly event: HoleEvent }
  | { readonly do: "connect"; readonly connection: Connection }
  /** The peer of an established connection was started again. */
  | { readonly do: "restarted" }
  | { readonly do: "fail"; readonly diagnosis: Diagnosis };

export interface Connection {
  readonly socket: number;
  readonly to: Endpoint;
  readonly peerKind: "new" | "original";
  /** 0 for an original. */
  readonly peerCapabilities: number;
  readonly peerSession: Session;
  readonly roundTripMs: number | undefined;
  readonly mappedPort: number | undefined;
  /** Datagrams that the peer sent before: data, and control packets of a new one. */
  readonly early: readonly Uint8Array[];
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
