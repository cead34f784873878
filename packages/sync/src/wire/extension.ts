/**
 * What our own nodes say to one another beside connections and routes. Originals skip commands that they do not know, but
 * even so these are written only to a client that has said hello: to all others the stream stays what it always was.
 *
 * A server never needed to read, and the originals never do; so a client may say hello to any server.
 */
import { SyncError } from "../errors.ts";
import type { UnknownCommand } from "./command.ts";
import { formatHostAddress, type HostAddress, parseHostAddress } from "./host-address.ts";
import { ArchiveReader, archiveStart, countedText } from "./text-archive.ts";

/** Version of this set of commands; a later one only adds to it. 2: `clock` and `place`. */
export const EXTENSION_VERSION = 2;

/** Who sends with a sender id of its own, and as which end. */
export interface NodeSender {
  readonly id: number;
  /** 0 = left, 1 = right. */
  readonly role: number;
}

/** The first word of a client, and the answer to it. */
export interface Hello {
  readonly type: "hello";
  readonly version: number;
  /** Tells one running process from all others. 1 to 64 printable characters. */
  readonly node: string;
  /** Absent for a node that carries no traffic. */
  readonly sender: NodeSender | undefined;
}

/** The client has everything that the server knew when it said hello: what it had from this server before and not now is gone. */
export interface Complete {
  readonly type: "complete";
}

/** The server has taken a connection away. */
export interface WithdrawConnection {
  readonly type: "withdraw-connection";
  readonly mux: number;
}

/** The server has taken a route away. */
export interface WithdrawRoute {
  readonly type: "withdraw-route";
  readonly address: HostAddress;
  readonly length: number;
}

/** Everything up to this number was seen by the node's replay window: it is a replay everywhere. */
export interface ReplayMark {
  readonly type: "replay-mark";
  readonly mux: number;
  readonly senderId: number;
  readonly sequence: number;
}

/** What the server's clock says as this is written, now and then: see `RemoteClock`. */
export interface ClockReading {
  readonly type: "clock";
  /** Monotonic milliseconds of the server, 0 to 10¹⁵; whole ones are written. */
  readonly nowMs: number;
}

/** Where a peer is, and since when that is certain: counts instead of the place in the server's connections. */
export interface PeerPlace {
  readonly type: "place";
  readonly mux: number;
  /** As in {@link ClockReading}. */
  readonly nowMs: number;
  /** Milliseconds since a packet that only the peer can have made came from there, as of `nowMs`. */
  readonly ageMs: number;
  readonly host: HostAddress;
  readonly port: number;
}

export type Extension = Hello | Complete | WithdrawConnection | WithdrawRoute | ReplayMark | ClockReading | PeerPlace;

const PREFIX = "anytun.";
const NODE = /^[!-~]{1,64}$/;

/**
 * Undefined for a command that is none of ours, comes from a later version, or is not whole.
 * Tokens behind those that are known are ignored, so that later versions may add some.
 */
export function decodeExtension({ name, body }: UnknownCommand): Extension | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const reader = new ArchiveReader(body);
  reader.preamble();
  const extension = decodeBody(reader, name.slice(PREFIX.length));
  return reader.fault === undefined ? extension : undefined;
}

/** The archive of an extension. @throws SyncError `unwritable` for the name of a node that is none */
export function encodeExtension(extension: Extension): string {
  return `${archiveStart()} ${countedText(PREFIX + extension.type)} 0 0${encodeBody(extension)}`;
}

function decodeBody(reader: ArchiveReader, type: string): Extension | undefined {
  switch (type) {
    case "hello":
      return decodeHello(reader);
    case "complete":
      return { type };
    case "withdraw-connection":
      return { type, mux: reader.u16() };
    case "withdraw-route": {
      const length = reader.u8();
      const address = parseHostAddress(reader.text());
      return address === undefined ? undefined : { type, address, length };
    }
    case "replay-mark":
      return { type, mux: reader.u16(), senderId: reader.u16(), sequence: reader.u32() };
    case "clock":
      return { type, nowMs: reader.milliseconds() };
    case "place": {
      const times = { mux: reader.u16(), nowMs: reader.milliseconds(), ageMs: reader.milliseconds() };
      const host = parseHostAddress(reader.text());
      const port = reader.u16();
      return host === undefined ? undefined : { type, ...times, host, port };
    }
    default:
      return undefined;
  }
}

function decodeHello(reader: ArchiveReader): Hello | undefined {
  const version = reader.u16();
  const node = reader.text();
  const sender = reader.u16() === 0 ? undefined : { id: reader.u16(), role: reader.u16() };
  return NODE.test(node) ? { type: "hello", version, node, sender } : undefined;
}

function encodeBody(extension: Extension): string {
  switch (extension.type) {
    case "hello": {
      const { version, node, sender } = extension;
      if (!NODE.test(node)) throw new SyncError("unwritable", "node name: expected 1 to 64 printable characters");
      return ` ${version} ${countedText(node)} ${sender === undefined ? "0" : `1 ${sender.id} ${sender.role}`}`;
    }
    case "complete":
      return "";
    case "withdraw-connection":
      return ` ${extension.mux}`;
    case "withdraw-route":
      return ` ${extension.length} ${countedText(formatHostAddress(extension.address))}`;
    case "replay-mark":
      return ` ${extension.mux} ${extension.senderId} ${extension.sequence}`;
    case "clock":
      return ` ${whole(extension.nowMs)}`;
    case "place": {
      const { mux, nowMs, ageMs, host, port } = extension;
      return ` ${mux} ${whole(nowMs)} ${whole(ageMs)} ${countedText(formatHostAddress(host))} ${port}`;
    }
  }
}

function whole(ms: number): number {
  return Math.max(0, Math.round(ms));
}
