/** What is kept of a connection, and what others see of it. */
import type { ConnectionDefinition, ConnectionState } from "./connection.ts";
import type { Origin } from "./connection-events.ts";

/** Looks for one peer until it is closed; close is idempotent. */
export interface PeerFollower {
  close(): void | Promise<void>;
}

export interface Entry {
  definition: ConnectionDefinition;
  origin: Origin;
  endpoint: Int32Array | undefined;
  /** As in `ConnectionState`. */
  heardMs: number;
  /** End of the numbers reserved last. */
  sequence: number;
  /** Nobody named it: it was one of the strangers. */
  isDetected: boolean;
  /** Looks for the peer. */
  follower: PeerFollower | undefined;
}

export function stateOf({ definition, endpoint, heardMs, sequence }: Entry): ConnectionState {
  const { mux, role, kdPrf, keys, windowSize } = definition;
  return { mux, role, kdPrf, keys, windowSize, endpoint: endpoint?.slice(), heardMs, sequence };
}
