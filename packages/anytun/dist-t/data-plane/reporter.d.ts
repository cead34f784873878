import { type Peer, type Tunnel, type TunnelEvents } from "satp-core";
import { type DatagramSocket } from "tun-native";
import type { Report, Snapshot } from "./messages.ts";
/** The data plane's voice: turns the tunnel's events and counters into reports for the main thread. */
export declare class PlaneReporter implements TunnelEvents {
  #private;
  constructor(send: (report: Report) => void);
  peerDetected(peer: Peer): void;
  endpointMoved(peer: Peer): void;
  sequenceLow(): void;
  /**
   * Reports new rejections, if any and if the last report is old enough.
   * @returns how long the data plane may wait for packets before it calls again; -1 = for ever
   */
  flush(tunnel: Tunnel, nowMs: number): number;
  /** Everything there is to know at this moment. The owner of device and sockets adds what they refused. */
  snapshot(tunnel: Tunnel, sockets: readonly DatagramSocket[], deviceErrors: number, nowMs: number): Snapshot;
}
