/** What callers of {@link openHole} see: options, events while it opens, and the open hole. */
import type { ControlKind } from "./wire.ts";

/** Numeric address and port. */
export interface Endpoint {
  /** IPv6 with its zone where it has one: `fe80::1%eth0`. */
  readonly address: string;
  readonly port: number;
}

/** What an end does once the hole is open; the peer hears of it. */
export type Purpose = "relay" | "command" | "quit";

export interface HoleOptions {
  /** 0 lets the kernel choose. */
  readonly localPort: number;
  /** Numeric addresses of the peer, the preferred one first: an original is only looked for there. At most eight. */
  readonly peerAddresses: readonly string[];
  readonly peerPort: number;
  readonly purpose: Purpose;
  /** Seconds until an original peer is sent our acknowledgement, if it was not heard before. Default 10. */
  readonly window?: number;
  /** Seconds to wait for the peer after that, and after each sign of life; 0 for ever. Default 10. */
  readonly timeout?: number;
  /** Look for port-changing gateways with many sockets and ports, see docs/NAT-TRAVERSAL.md. Default true. */
  readonly spray?: boolean;
  /** Use source ports below 1024 for that, which some gateways map predictably. Default: as root. */
  readonly lowPorts?: boolean;
  /** Open a second pair of ports with packets that do not reach the peer's gateway. Default true. */
  readonly shortTtl?: boolean;
  readonly onEvent?: (event: HoleEvent) => void;
  /** Ends the attempt: `openHole` rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

/** What happens while a hole is opened, in the order in which it happens. Times are milliseconds since the start. */
export type HoleEvent =
  | { readonly event: "socket"; readonly local: Endpoint; readonly peer: Endpoint }
  /** One for each second of the window: an original sends a packet then. */
  | { readonly event: "garbage"; readonly count: number }
  /** Our acknowledgement to an original, or to somebody of whom nothing was heard. Comes again when it is repeated. */
  | { readonly event: "ack"; readonly because: "window" | "heard" | "refused" | "late" }
  /** A datagram was read that did not end the waiting. */
  | { readonly event: "waiting" }
  | { readonly event: "heard"; readonly peer: "new" | "original"; readonly from: Endpoint; readonly expected: boolean }
  /** ICMP said that nobody listens there. */
  | { readonly event: "refused"; readonly from: string; readonly count: number }
  /** The port that our packets have at the peer, when it is another one than ours. */
  | { readonly event: "mapped"; readonly localPort: number; readonly seenPort: number }
  | { readonly event: "spraying"; readonly sockets: number; readonly packetsPerSecond: number }
  | { readonly event: "connected"; readonly local: Endpoint; readonly peer: Endpoint; readonly ms: number };

/** Everything that was seen, for {@link HoleError}. */
export interface Diagnosis {
  readonly code: "nothing-arrived" | "refused" | "port-changed" | "one-way" | "no-ack" | "unreachable";
  /** What was seen, one sentence each. */
  readonly seen: readonly string[];
  /** What that means about the gateways. */
  readonly meaning: readonly string[];
  /** What to try. */
  readonly advice: readonly string[];
}

export type SendOutcome = "sent" | "full" | "refused" | "too-big" | "unreachable";

export interface HoleListener {
  /** One datagram of the peer, the listener's own copy. */
  data(datagram: Buffer): void;
  control?(kind: ControlKind, body: Uint8Array): void;
  /** ICMP said that nobody listens at the peer any more; once for each message. */
  refused?(): void;
  /** The peer's program was started again and looks for a new one. */
  restarted?(): void;
  /** The socket is broken; nothing more comes. */
  failed?(error: Error): void;
}

/**
 * A socket that is connected to the peer's endpoint. Owned by whoever opened it; `close()` and `detach()` end it.
 * Between two new ends it goes on answering handshake packets, so that no end stays half open.
 */
export interface Hole {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  /** `new` ends speak the extension and take control packets if their purpose is `relay`. */
  readonly peerKind: "new" | "original";
  /** Undefined for an original. */
  readonly peerPurpose: Purpose | undefined;
  /** Undefined for an original. */
  readonly roundTripMs: number | undefined;
  /** Port under which the peer sees our packets, where it said so. */
  readonly mappedPort: number | undefined;
  /** Starts delivery, with what arrived meanwhile first. At most one listener. */
  listen(listener: HoleListener): void;
  /** Stops delivery until `resume`; the kernel queues. */
  pause(): void;
  resume(): void;
  /** Sends one datagram as it is; what begins like a handshake packet is wrapped where the peer unwraps it. */
  send(datagram: Uint8Array): SendOutcome;
  /** To a `new` peer whose purpose is `relay` only. */
  sendControl(kind: ControlKind, body?: Uint8Array): SendOutcome;
  /**
   * Waits until the peer knows too that the hole is open, and until nothing of the handshake is under way: at most
   * three seconds. For those who leave, or give the socket away, right after.
   */
  settled(): Promise<void>;
  /** Gives the connected socket away, non-blocking, as a descriptor that the caller closes. This object is closed then. */
  detach(): number;
  /** Idempotent. */
  close(): void;
}
