/** What a connection is, and when it can be used at all. */
import {
  type KdPrf,
  keyBytes,
  MASTER_SALT_BYTES,
  MAX_MUX,
  MAX_WINDOW_SIZE,
  type MasterKeys,
  type Role,
  type SenderMark,
} from "satp-core";
import type { AddressFamily, UdpName } from "../../config/config.ts";
import { AnytunError } from "../../errors.ts";

/** What both ends of a connection must agree on, besides what is the same for the whole daemon (cipher, tag). */
export interface ConnectionDefinition {
  /** 0–65535; a connection is known by it. */
  readonly mux: number;
  readonly role: Role;
  readonly kdPrf: KdPrf;
  /** Lengths as the kd-prf wants them; both empty for null. Not copied: whoever gave them must not change them. */
  readonly keys: MasterKeys;
  /** Replay window in packets, 0–16,777,216; 0 = no replay protection. */
  readonly windowSize: number;
}

/** A connection of the command line or of a configuration file. */
export interface ConfiguredConnection extends ConnectionDefinition {
  /** Where the peer is; undefined = it is learnt from its first authenticated datagram. */
  readonly remote: UdpName | undefined;
  /** Which addresses of that name count. */
  readonly family: AddressFamily;
}

/** A connection as another node of the cluster knows it (spec: sync-protocol.md 4). */
export interface RemoteConnection extends ConnectionDefinition {
  /** Eight words, the local socket chosen; undefined = what is known here stays. */
  readonly endpoint?: Int32Array | undefined;
  /** When the peer was heard there; left out = just after it was heard where it was known to be, see `setRemotePlace`. */
  readonly heardMs?: number | undefined;
  /** When somebody said so, without a time: where the peer was heard since is where it is. */
  readonly toldMs?: number | undefined;
  /** The first number that the other node has not used; ours never go below it, and never go down. */
  readonly sequence?: number | undefined;
  /** Up to where the other node heard the peer's sender ids: those numbers count as seen here too. */
  readonly heard?: readonly SenderMark[] | undefined;
}

/** A connection at this moment. */
export interface ConnectionState extends ConnectionDefinition {
  /** Eight words; undefined = not known yet. */
  readonly endpoint: Int32Array | undefined;
  /** When it was heard there, or later; -Infinity = not that anybody knew. Milliseconds of CLOCK_MONOTONIC. */
  readonly heardMs: number;
  /** No own number from here on was used; 0 = none was reserved yet. */
  readonly sequence: number;
}

/** @throws AnytunError `connection` that names the mux and what was expected; never shows a key */
export function checkConnection({ mux, kdPrf, keys, windowSize }: ConnectionDefinition): void {
  if (!inRange(mux, MAX_MUX)) throw unusable(mux, `mux ${mux}: expected 0 to ${MAX_MUX}`);
  if (!inRange(windowSize, MAX_WINDOW_SIZE)) {
    throw unusable(mux, `replay window of ${windowSize} packets: expected 0 to ${MAX_WINDOW_SIZE}`);
  }
  const { masterKey, masterSalt } = keys;
  const bytes = keyBytes(kdPrf);
  const saltBytes = kdPrf === "null" ? 0 : MASTER_SALT_BYTES;
  if (masterKey.length !== bytes) throw unusable(mux, `key of ${masterKey.length} bytes: ${kdPrf} needs ${bytes}`);
  if (masterSalt.length !== saltBytes) throw unusable(mux, `salt of ${masterSalt.length} bytes: expected ${saltBytes}`);
}

/** Whether packets of one can be opened as packets of the other. */
export function sameKeys(a: ConnectionDefinition, b: ConnectionDefinition): boolean {
  return (
    a.role === b.role &&
    a.kdPrf === b.kdPrf &&
    sameBytes(a.keys.masterKey, b.keys.masterKey) &&
    sameBytes(a.keys.masterSalt, b.keys.masterSalt)
  );
}

/** Whether nothing is different but where the peer is looked for. */
export function sameDefinition(a: ConnectionDefinition, b: ConnectionDefinition): boolean {
  return sameKeys(a, b) && a.windowSize === b.windowSize;
}

/** Whether the peer is looked for at the same place. */
export function sameRemote(a: ConfiguredConnection, b: ConfiguredConnection): boolean {
  return a.family === b.family && a.remote?.host === b.remote?.host && a.remote?.port === b.remote?.port;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function inRange(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

function unusable(mux: number, text: string): AnytunError {
  return new AnytunError("connection", `connection ${mux}: ${text}`);
}
