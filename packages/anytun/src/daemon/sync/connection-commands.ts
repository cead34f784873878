/** Connections and routes of this daemon ↔ commands of the cluster protocol. No I/O. */
import {
  type Address,
  ENDPOINT_ADDRESS,
  ENDPOINT_FAMILY,
  ENDPOINT_PORT,
  type KdPrf,
  keyBytes,
  MAX_WINDOW_SIZE,
  type MasterKeys,
} from "satp-core";
import {
  type ConnectionCommand,
  formatHostAddress,
  type HostAddress,
  hasSecrets,
  isUnspecified,
  type PeerPlace,
  type RouteCommand,
  UNSPECIFIED4,
} from "satp-sync";
import { UNDATED } from "../../data-plane/newest-place.ts";
import type { ConnectionState, RemoteConnection } from "../connections/connection.ts";
import type { Route } from "../connections/route.ts";
import { type LocalSocket, peerEndpoint } from "../peer-endpoint.ts";

/** What the node's own options decide about the connections of others (spec: sync-protocol.md 8.1). */
export interface OwnKeys {
  readonly kdPrf: KdPrf;
  /** Absent = it has none. */
  readonly keys: MasterKeys | undefined;
}

/** Why a connection of another node is not taken over. */
export type Untakeable =
  /** It has no keys, and this node has none that fit. */
  "no keys";

/** @param sequence number that an original begins at which is told this */
export function commandOf(state: ConnectionState, sequence: number): ConnectionCommand {
  const { mux, role, kdPrf, keys, windowSize, endpoint } = state;
  return {
    type: "connection",
    mux,
    role: role === "left" ? 0 : 1,
    keyBits: keyBytes(kdPrf) * 8,
    salt: keys.masterSalt,
    key: keys.masterKey,
    windowSize,
    sequence: Math.min(sequence, 0xffffffff),
    host: endpoint === undefined ? UNSPECIFIED4 : hostOf(endpoint),
    port: endpoint?.[ENDPOINT_PORT] ?? 0,
  };
}

/** Undefined for a place where nobody has heard the peer. */
export function placeOf({ mux, endpoint, heardMs }: ConnectionState, nowMs: number): PeerPlace | undefined {
  if (endpoint === undefined || heardMs === UNDATED) return undefined;
  const port = endpoint[ENDPOINT_PORT] ?? 0;
  return { type: "place", mux, nowMs, ageMs: nowMs - heardMs, host: hostOf(endpoint), port };
}

export function routeCommandOf({ address, length, mux }: Route): RouteCommand {
  return { type: "route", address, length, mux };
}

/** A prefix beyond the address acts as the whole address. */
export function routeOf({ address, length, mux }: RouteCommand): Route {
  const { family, words } = address;
  return { address: { family, words }, length: Math.min(length, family === 4 ? 32 : 128), mux };
}

/**
 * The connection that a command stands for here. Cipher, tag and whether keys are derived at all are this node's own business.
 * @param present the connection with this mux, whose keys count when the command leaves them out
 */
export function remoteOf(
  command: ConnectionCommand,
  own: OwnKeys,
  present: ConnectionState | undefined,
  sockets: readonly LocalSocket[],
): RemoteConnection | Untakeable {
  const protection = protectionOf(command, own, present);
  if (protection === undefined) return "no keys";
  const { mux, role, windowSize, host, port } = command;
  return {
    mux,
    role: role === 0 ? "left" : "right",
    ...protection,
    windowSize: Math.min(windowSize, MAX_WINDOW_SIZE),
    endpoint: endpointOf(host, port, sockets),
  };
}

type Protection = Pick<RemoteConnection, "kdPrf" | "keys">;

const NO_KEYS: Protection = { kdPrf: "null", keys: { masterKey: new Uint8Array(0), masterSalt: new Uint8Array(0) } };

function protectionOf(command: ConnectionCommand, own: OwnKeys, present: OwnKeys | undefined): Protection | undefined {
  if (own.kdPrf === "null") return NO_KEYS;
  const kdPrf = kdPrfOf(command.keyBits);
  if (kdPrf === undefined || kdPrf === "null") return undefined;
  if (hasSecrets(command)) return { kdPrf, keys: { masterKey: command.key, masterSalt: command.salt } };
  for (const known of [present, own]) {
    if (known?.keys !== undefined && known.kdPrf === kdPrf) return { kdPrf, keys: known.keys };
  }
  return undefined;
}

function kdPrfOf(bits: number): KdPrf | undefined {
  switch (bits) {
    case 0:
      return "null";
    case 128:
      return "aes-ctr-128";
    case 192:
      return "aes-ctr-192";
    case 256:
      return "aes-ctr-256";
    default:
      return undefined;
  }
}

/** Undefined when it is not known, or no local socket reaches it: what is known here stays. */
export function endpointOf(host: HostAddress, port: number, sockets: readonly LocalSocket[]): Int32Array | undefined {
  if (isUnspecified(host)) return undefined;
  return peerEndpoint({ family: host.family, address: formatHostAddress(host) }, port, sockets);
}

/** Without its scope: the number of an interface means nothing to another host. */
function hostOf(endpoint: Int32Array): Address {
  const word = (at: number): number => (endpoint[ENDPOINT_ADDRESS + at] ?? 0) >>> 0;
  return { family: endpoint[ENDPOINT_FAMILY] === 6 ? 6 : 4, words: [word(0), word(1), word(2), word(3)] };
}
