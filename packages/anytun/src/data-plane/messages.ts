/** What the control side (main thread) and the data plane (worker thread) say to one another. Plain data that can be cloned. */
import type { CipherContext, SequenceRange, TunnelConfig } from "satp-core";
import type { DetachedTunDevice, DetachedUdpSocket, DeviceOffloadCounters, SocketOffloadCounters } from "tun-native";

/** Handed to the worker at its start; the descriptors in it belong to the worker from then on. */
export interface DataPlaneSetup {
  readonly device: DetachedTunDevice;
  readonly sockets: readonly DetachedUdpSocket[];
  /** Descriptor of the event signal that wakes the worker; stays the main thread's. */
  readonly signal: number;
  readonly tunnel: Pick<TunnelConfig, "kind" | "mux" | "windowSize">;
  readonly context: CipherContext;
  /** First own sequence numbers. */
  readonly sequence: SequenceRange;
  /** Mux of the configured peer; undefined = the peer is detected from its first authenticated datagram. */
  readonly configuredMux: number | undefined;
}

/** Control → data plane. Each is followed by a wake-up signal. */
export type Command =
  | { readonly type: "endpoint"; readonly mux: number; readonly endpoint: Int32Array }
  | { readonly type: "sequence"; readonly range: SequenceRange }
  | { readonly type: "packet-limit"; readonly bytes: number }
  | { readonly type: "snapshot" }
  | { readonly type: "stop" };

/** Data plane → control. */
export type Report =
  | { readonly type: "running" }
  | { readonly type: "peer-detected"; readonly mux: number; readonly endpoint: Int32Array }
  | { readonly type: "endpoint-moved"; readonly mux: number; readonly endpoint: Int32Array }
  /** What the peer gets goes to this endpoint too from now on. */
  | { readonly type: "candidate-appeared"; readonly mux: number; readonly endpoint: Int32Array }
  | { readonly type: "sequence-low" }
  /** For the first time a run of datagrams could not leave as one message. */
  | { readonly type: "segments-refused" }
  | { readonly type: "rejected"; readonly rejections: Rejections }
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  | { readonly type: "failed"; readonly error: Failure };

/** What was turned away since the last report, for the log. */
export interface Rejections {
  readonly badTags: number;
  readonly replays: number;
  /** The last replay of the peer with the lowest mux, if there was one. */
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

/** Counters of one moment. */
export interface Snapshot {
  readonly traffic: Traffic;
  /** Drops by reason, in the order of satp-core's drop reason names. */
  readonly drops: readonly number[];
  /** Of the frames that were too long, those whose senders were told. */
  readonly tooBigAnswers: number;
  readonly peers: readonly PeerSnapshot[];
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
}

/** An error that crossed the thread border. */
export interface Failure {
  readonly message: string;
  readonly code: string | undefined;
}
