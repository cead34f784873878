/** Commands: what one archive says (spec: sync-protocol.md 4 and 5). */
import { SyncError } from "../errors.ts";
import { formatHostAddress, type HostAddress, parseHostAddress } from "./host-address.ts";
import { hangsOriginals } from "./safe-prefix.ts";
import { type ArchiveFault, ArchiveReader, archiveStart, byteListText, countedText } from "./text-archive.ts";

/** One connection: keys, numbers and place. Numbers as they were read; `checkConnection` says whether they can be used. */
export interface ConnectionCommand {
  readonly type: "connection";
  readonly mux: number;
  /** The sender's own role: 0 = left, 1 = right. */
  readonly role: number;
  /** Size of the key derivation in bits; 0 for null. */
  readonly keyBits: number;
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
  readonly windowSize: number;
  /** The number that the sender would use next. */
  readonly sequence: number;
  /** Where the peer is; `0.0.0.0` or `::` when that is not known. */
  readonly host: HostAddress;
  readonly port: number;
}

/** One prefix and the connection that it leads to. */
export interface RouteCommand {
  readonly type: "route";
  /** Host bits as they were given. */
  readonly address: HostAddress;
  /** 0 to 255; beyond 32 or 128 it acts as 32 or 128. */
  readonly length: number;
  readonly mux: number;
}

/** A route to an Ethernet address. The originals can read it and never write it. */
export interface EthernetRouteCommand {
  readonly type: "ethernet-route";
  readonly address: bigint;
  readonly length: number;
  readonly mux: number;
}

/** A command that the originals skip; see `extension.ts` for ours. */
export interface UnknownCommand {
  readonly type: "unknown";
  readonly name: string;
  /** What stands behind the name, as a view into the archive. */
  readonly body: Uint8Array;
}

/** An archive of which nothing may be used. */
export interface RefusedArchive {
  readonly type: "refused";
  readonly fault: ArchiveFault;
}

export type Command = ConnectionCommand | RouteCommand | EthernetRouteCommand | UnknownCommand;

const IPV4 = 0;
const IPV6 = 1;
const ETHERNET = 2;

/**
 * Reads an archive as the originals do, but whole or not at all. Surplus bytes behind the last token are ignored.
 * Never throws and keeps nothing of `archive` but the body of an unknown command.
 */
export function decodeCommand(archive: Uint8Array): Command | RefusedArchive {
  const reader = new ArchiveReader(archive);
  reader.header();
  reader.preamble();
  const name = reader.text();
  const command = reader.fault === undefined ? decodeBody(reader, name) : undefined;
  if (command === undefined || reader.fault !== undefined) {
    return { type: "refused", fault: reader.fault ?? "Invalid argument" };
  }
  return command;
}

/**
 * The archive of a command, in the only spelling that the originals write. One character is one byte.
 * @throws SyncError `unwritable` for what an original could not survive or read
 */
export function encodeCommand(command: ConnectionCommand | RouteCommand): string {
  return command.type === "connection" ? encodeConnection(command) : encodeRoute(command);
}

function decodeBody(reader: ArchiveReader, name: string): Command | undefined {
  switch (name) {
    case "connection":
      return decodeConnection(reader);
    case "route":
      return decodeRoute(reader);
    default:
      return { type: "unknown", name, body: reader.rest };
  }
}

function decodeConnection(reader: ArchiveReader): ConnectionCommand | undefined {
  reader.preamble();
  const mux = reader.u16();
  reader.preamble();
  reader.preamble();
  const role = reader.i32();
  const keyBits = reader.u16();
  const tracked = reader.preamble();
  const salt = reader.byteList(reader.u32());
  if (tracked) reader.objectId();
  const key = reader.byteList(reader.u32());
  reader.preamble();
  const windowSize = reader.u32();
  const sequence = reader.u32();
  const host = parseHostAddress(reader.text());
  const port = reader.u16();
  if (host === undefined) return undefined;
  return { type: "connection", mux, role, keyBits, salt, key, windowSize, sequence, host, port };
}

function decodeRoute(reader: ArchiveReader): RouteCommand | EthernetRouteCommand | undefined {
  reader.preamble();
  reader.preamble();
  const length = reader.u8();
  reader.preamble();
  const kind = reader.i32();
  if (reader.fault !== undefined) return undefined;
  if (kind === ETHERNET) return { type: "ethernet-route", address: reader.u64(), length, mux: reader.u16() };
  if (kind !== IPV4 && kind !== IPV6) {
    reader.fault = "unknown address type";
    return undefined;
  }
  const text = reader.text();
  const address = reader.fault === undefined ? parseHostAddress(text) : undefined;
  if (address?.family !== (kind === IPV4 ? 4 : 6)) return undefined;
  return { type: "route", address, length, mux: reader.u16() };
}

function encodeConnection(command: ConnectionCommand): string {
  const { mux, role, keyBits, salt, key, windowSize, sequence, host, port } = command;
  checkNumber("mux", mux, 0xffff);
  checkNumber("role", role, 1);
  checkNumber("key bits", keyBits, 0xffff);
  checkNumber("window size", windowSize, 0xffffffff);
  checkNumber("sequence number", sequence, 0xffffffff);
  checkNumber("port", port, 0xffff);
  const keys = `0 0 0 0 ${role} ${keyBits} 0 0 ${byteListText(salt)} ${byteListText(key)}`;
  const place = `${countedText(formatHostAddress(host))} ${port}`;
  return `${archiveStart()} 10 connection 0 0 ${mux} ${keys} 0 0 ${windowSize} ${sequence} ${place}`;
}

function encodeRoute({ address, length, mux }: RouteCommand): string {
  checkNumber("prefix length", length, address.family === 4 ? 32 : 128);
  checkNumber("mux", mux, 0xffff);
  if (hangsOriginals(address, length)) {
    const text = `${formatHostAddress(address)}/${length}`;
    throw new SyncError("unwritable", `route ${text}: an original would never come back from it; split it`);
  }
  const kind = address.family === 4 ? IPV4 : IPV6;
  return `${archiveStart()} 5 route 0 0 0 0 ${length} 0 0 ${kind} ${countedText(formatHostAddress(address))} ${mux}`;
}

function checkNumber(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new SyncError("unwritable", `${name} ${value}: expected an integer from 0 to ${most}`);
  }
}
