import type { Peer, PeerKeys } from "../peers/peer.ts";
import type { SequenceCounter } from "../peers/sequence-counter.ts";
import type { DeviceKind } from "../wire/payload-type.ts";

/** Rare changes that the owner of a tunnel may want to know; called in the middle of a batch, so they must not throw. */
export interface TunnelEvents {
  /** A peer that was not configured was heard for the first time; it is in the table now. */
  peerDetected(peer: Peer): void;
  /** The peer is heard at another place, which `peer.endpoint` holds now. `previous` is a copy of the old words. */
  endpointMoved(peer: Peer, previous: Int32Array): void;
  /** The peer may be at `peer.candidate.endpoint` and cannot prove it; see `Tunnel.copies`. At most once a second for a peer. */
  candidateAppeared(peer: Peer): void;
  /** Less than half of the last reserved range of sequence numbers is left; `peer.sequence.extend` may be called at once. */
  sequenceLow(peer: Peer): void;
  /** The peer has fallen silent or is heard again, as `peer.isSilent` says; only with `keepAlive`. */
  livenessChanged(peer: Peer): void;
}

/** Times of keep-alives, in milliseconds. */
export interface KeepAliveConfig {
  /** A peer to whom nothing was sent for so long gets an empty datagram. */
  readonly quietMs: number;
  /** A peer that was not heard for so long is silent. */
  readonly silentMs: number;
}

/** What a peer gets that nobody configured. */
export interface Strangers extends PeerKeys {
  /**
   * Own numbers under the own mux. With routes a peer that has another mux begins with none: its mux goes into the
   * header, and numbers are reserved for each mux.
   */
  readonly sequence: SequenceCounter;
  /** Left out = the tunnel's. */
  readonly windowSize?: number | undefined;
}

/**
 * Where outbound frames go: `single` sends everything to the peer with the lowest mux; `routes` looks the destination
 * up, and the route's mux selects the peer and goes into the header. Routes need a tun device.
 */
export type Routing = "single" | "routes";

/** What a tunnel is at its start. */
export interface TunnelConfig {
  readonly kind: DeviceKind;
  /** Own mux: in the header of all that is sent without routes (spec: satp-wire.md 8). */
  readonly mux: number;
  /** Replay window in packets, 1 to 2²⁴; 0 = no replay protection. Of peers that do not say otherwise. */
  readonly windowSize: number;
  readonly routing: Routing;
  /** Of a peer that is learned from its first authenticated datagram while there is no peer at all; undefined = off. */
  readonly autodetect: Strangers | undefined;
  /** Absent: nothing is sent but frames, and nobody looks for silent peers. */
  readonly keepAlive?: KeepAliveConfig | undefined;
  readonly events: TunnelEvents;
}
