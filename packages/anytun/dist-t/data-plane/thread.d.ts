import type { DataPlaneSetup, Report, Snapshot } from "./messages.ts";
/** What a daemon hears from its data plane on its own; each is rare, none is per packet. */
export type DataPlaneEvent = Exclude<
  Report,
  {
    type: "running" | "snapshot" | "failed";
  }
>;
/** The worker's setup without what the thread object itself provides. */
export type ThreadSetup = Omit<DataPlaneSetup, "signal">;
/**
 * The main thread's handle on the data-plane worker. The worker owns the device and the sockets
 * from `start` on and closes them when it ends; this object owns the worker and its wake-up signal.
 */
export declare class DataPlaneThread {
  #private;
  /** Settles when the worker is gone: resolved if it was told to stop, else rejected with its fatal error. */
  readonly closed: Promise<void>;
  private constructor();
  /**
   * Starts the worker and waits until it moves packets.
   * @throws the worker's first error; the device and the sockets are closed then
   */
  static start(setup: ThreadSetup, onEvent: (event: DataPlaneEvent) => void): Promise<DataPlaneThread>;
  /** Sends what leaves for the peer to another endpoint from now on. */
  setEndpoint(mux: number, endpoint: Int32Array): void;
  /** Adds reserved sequence numbers behind those that are left. */
  extendSequence(range: DataPlaneSetup["sequence"]): void;
  /** TCP connections that begin from now on are told to fit packets of so many bytes; 0 = as they like. */
  setPacketLimit(bytes: number): void;
  /** Counters as of now; undefined once the worker has ended. */
  snapshot(): Promise<Snapshot | undefined>;
  /** Ends the worker after the burst it is in, and returns when all it owned is closed. Idempotent; never rejects. */
  close(): Promise<void>;
}
