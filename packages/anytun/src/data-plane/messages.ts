/** What the control side (main thread) and the data plane (worker thread) say to one another. Plain data that can be cloned. */
import type { CipherContext, KeepAliveConfig, Routing, SenderMark, SequenceRange, TunnelConfig } from "satp-core";
import type { DetachedTunDevice, DetachedUdpSocket, DeviceOffloadCounters, SocketOffloadCounters } from "tun-native";
import type { PeerPage } from "./peer-page.ts";

/** Handed to the worker at its start; the descriptors in it belong to the worker from then on. */
export interface DataPlaneSetup {
  readonly device: DetachedTunDevice;
  readonly sockets: readonly DetachedUdpSocket[];
  /** Descriptor of the event signal that wakes the worker; stays the main thread's. */
  readonly signal: number;
  readonly tunnel: PlaneTunnelSetup;
  /** Obeyed before the first packet: connections, routes. */
  readonly commands: readonly ConnectionCommand[];
}

/** What the protocol side of a data plane is at its start. */
export interface PlaneTunnelSetup extends Pick<TunnelConfig, "kind" | "mux" | "routing" | "keepAlive"> {
  /** Of the kind that connections will be, for the warm-up; that takes random keys. */
  readonly sample: Pick<StrangerSetup, "context" | "windowSize">;
}

/** What is different of a connection from now on. What is left out stays; a new one begins without it. */
export interface ConnectionSetup {
  readonly mux: number;
  /** Other keys; what was heard under the old ones is forgotten. A connection begins with this. */
  readonly context?: CipherContext;
  /** Replay window in packets, 0 = no replay protection. What was seen stays seen. */
  readonly windowSize?: number;
  /** Eight words; family 0 = not known. */
  readonly endpoint?: Int32Array;
  /** When another node heard the peer there: stays where it is if it was heard there later, see `endpoint-kept`. */
  readonly endpointHeardMs?: number | undefined;
  /** Own numbers, instead of those that are left. */
  readonly sequence?: SequenceRange;
  /** Heard by somebody who can be trusted: up to here the numbers of a sender id count as seen. */
  readonly heard?: readonly SenderMark[];
}

/** Own numbers of a connection. */
export interface ConnectionNumbers {
  readonly mux: number;
  readonly range: SequenceRange;
}

/** What a peer gets that nobody configured. */
export interface StrangerSetup {
  readonly context: CipherContext;
  readonly windowSize: number;
  /** Own numbers under the own mux; left out = those that are left. */
  readonly sequence?: SequenceRange;
}

/** Control → data plane. Each is followed by a wake-up signal. */
export type Command =
  | ConnectionCommand
  | { readonly type: "packet-limit"; readonly bytes: number }
  | { readonly type: "keep-alive"; readonly times: KeepAliveConfig | undefined }
  | { readonly type: "snapshot" }
  | { readonly type: "peers"; readonly from: number; readonly most: number }
  | { readonly type: "stop" };

/** Adds, changes and removes connections and routes while packets pass. What is not named loses nothing. */
export type ConnectionCommand =
  | { readonly type: "connections"; readonly setups: readonly ConnectionSetup[] }
  /** Muxes without a connection are ignored. */
  | { readonly type: "remove-connections"; readonly muxes: readonly number[] }
  /** Who may become a peer by its first authenticated datagram while there is none; undefined = nobody. */
  | { readonly type: "strangers"; readonly strangers: StrangerSetup | undefined }
  /** Rows of `route-rows.ts`. */
  | { readonly type: "routes"; readonly rows: Int32Array }
  /** Numbers belong to the mux in the header: peers that get another one lose theirs, and those that are named get these. */
  | {
      readonly type: "headers";
      readonly routing: Routing;
      readonly ownMux: number;
      readonly numbers: readonly ConnectionNumbers[];
    }
  /** More own numbers of a connection, behind those that are left. */
  | { readonly type: "sequence"; readonly mux: number; readonly range: SequenceRange };

/** Data plane → control. */
export type Report =
  | { readonly type: "running" }
  | ({ readonly type: "peer-detected" } & HeardAt)
  | ({ readonly type: "endpoint-moved" } & HeardAt)
  /** Another place was told, and this is the newer one. */
  | ({ readonly type: "endpoint-kept" } & HeardAt)
  /** What the peer gets goes to this endpoint too from now on. */
  | { readonly type: "candidate-appeared"; readonly mux: number; readonly endpoint: Int32Array }
  /** The connection has used half of its last range of numbers, or has none. */
  | { readonly type: "sequence-low"; readonly mux: number }
  /** Peers that have fallen silent or are heard again; some of `count`, which is nearly always all. */
  | { readonly type: "liveness"; readonly changes: readonly LivenessChange[]; readonly count: number }
  /** For the first time a run of datagrams could not leave as one message. */
  | { readonly type: "segments-refused" }
  | { readonly type: "rejected"; readonly rejections: Rejections }
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  | { readonly type: "peers"; readonly page: PeerPage }
  | { readonly type: "failed"; readonly error: Failure };

/** Where a peer was heard last. */
export interface HeardAt {
  readonly mux: number;
  readonly endpoint: Int32Array;
  /** Milliseconds of CLOCK_MONOTONIC. */
  readonly heardMs: number;
}

/** What was turned away since the last report, for the log. */
export interface Rejections {
  readonly badTags: number;
  readonly replays: number;
  /** The last replay of all, if there ever was one. */
  readonly lastReplay: ReplayedDatagram | undefined;
  /** Frames of the device that no datagram can hold. */
  readonly tooLong: number;
  /** Frames not sent for want of a sequence number. */
  readonly noSequence: number;
  /** Datagrams that the kernel refused for their size. */
  readonly sendTooBig: number;
}

export interface ReplayedDatagram {
  readonly sequence: number;
  readonly senderId: number;
  /** Where it came from. */
  readonly endpoint: Int32Array;
}

export interface LivenessChange {
  readonly mux: number;
  readonly endpoint: Int32Array;
  readonly isSilent: boolean;
}

/** Counters of one moment; the peers' own are asked for in pages. */
export interface Snapshot {
  readonly traffic: Traffic;
  /** Drops by reason, in the order of satp-core's drop reason names. */
  readonly drops: readonly number[];
  /** Of the frames that were too long, those whose senders were told. */
  readonly tooBigAnswers: number;
  /** Empty datagrams sent to keep the way to peers open. */
  readonly keepAlivesOut: number;
  readonly peerCount: number;
  /** What device and sockets moved in bulk; absent where they are not the kernel's. */
  readonly offloads?: DeviceOffloadCounters & SocketOffloadCounters;
}

export interface Traffic {
  readonly packetsIn: number;
  readonly bytesIn: number;
  readonly packetsOut: number;
  readonly bytesOut: number;
}

export interface PeerSnapshot {
  readonly mux: number;
  readonly endpoint: Int32Array;
  /** Where copies go; absent = nowhere. */
  readonly candidate?: Int32Array;
  /** Milliseconds since the last authenticated datagram from the endpoint; -1 = never. */
  readonly heardAgoMs: number;
  /** Milliseconds since the last datagram to the peer; -1 = never. */
  readonly sentAgoMs: number;
  readonly traffic: Traffic;
  readonly drops: readonly number[];
  readonly keepAlivesOut: number;
  readonly senders: {
    /** Replay window in packets; 0 = none. */
    readonly windowSize: number;
    /** Sender ids that were heard. */
    readonly known: number;
    /** The one heard last and its highest sequence number. */
    readonly latest?: { readonly senderId: number; readonly sequence: number };
  };
  readonly sequence: {
    /** Own numbers left in all that is reserved. */
    readonly remaining: number;
    /** Where the next one comes from. */
    readonly reserved?: SequenceRange;
  };
}

/** An error that crossed the thread border. */
export interface Failure {
  readonly message: string;
  readonly code: string | undefined;
}
