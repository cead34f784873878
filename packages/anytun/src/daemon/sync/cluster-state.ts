/** What a daemon can say about its cluster at a moment. */
import type { HubStatus, SyncClientStatus } from "satp-sync";

/** Where this node serves what it knows. */
export interface SyncServerState extends HubStatus {
  /** Addresses and ports that are listened on. */
  readonly endpoints: readonly string[];
  readonly isTls: boolean;
  /** Whether clients get keys. */
  readonly hasSecrets: boolean;
  /** Connects that were not let in, by reason. */
  readonly sentAway: ReadonlyMap<string, number>;
}

/** A server that this node follows. */
export interface FollowedState extends Omit<SyncClientStatus, "refused"> {
  /** As configured, host and port. */
  readonly server: string;
  readonly isTls: boolean;
  /** It is this node: nothing is taken from there. */
  readonly isSelf: boolean;
  /** What it calls itself; absent = an original, or not heard yet. */
  readonly node: string | undefined;
  /** Whether it has said, at any time, that it has told everything. Originals never do. */
  readonly hasToldAll: boolean;
  /** Connections and routes that it has told on this connection. */
  readonly entries: number;
  /** Frames that were not taken, by reason. */
  readonly refused: ReadonlyMap<string, number>;
}

export interface ClusterState {
  /** The service manager was told, and the address is announced. */
  readonly isReady: boolean;
  /** All connections and routes. */
  readonly connections: number;
  readonly routes: number;
  /** Those of them that the cluster decides. */
  readonly remote: { readonly connections: number; readonly routes: number };
  readonly servers: readonly SyncServerState[];
  readonly followed: readonly FollowedState[];
}
