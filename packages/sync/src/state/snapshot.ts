/** A table as the bytes that a new client gets, cut into pieces that a socket takes at once. */
import { type ConnectionCommand, encodeCommand, type RouteCommand } from "../wire/command.ts";
import { encodeFrame, frameText } from "../wire/frame.ts";
import { safePrefixes } from "../wire/safe-prefix.ts";
import { type Entry, routePrefix } from "./cluster-table.ts";
import { withoutSecrets } from "./usable.ts";

/** Pieces are about as long as what a socket buffers before it says "enough". */
const PIECE_BYTES = 65_536;

/** What a stream may show. */
export interface Visibility {
  /** False leaves key and salt out of connections. */
  readonly secrets: boolean;
}

/** The frames of one entry; more than one for a prefix that has to be split. */
export function entryFrames(entry: Entry, { secrets }: Visibility): Uint8Array {
  if (entry.type === "connection") return encodeFrame(encodeCommand(secrets ? entry : withoutSecrets(entry)));
  return Buffer.from(routeText(entry), "latin1");
}

/** What a snapshot is made of, in the order of the originals; a `ClusterTable` is one. */
export interface SnapshotSource {
  /** By ascending mux. */
  connections(): Iterable<ConnectionCommand>;
  /** IPv4 before IPv6, then by ascending length, then by ascending address. */
  routes(): Iterable<RouteCommand>;
}

/** All connections, then all routes. */
export function snapshotPieces(table: SnapshotSource, { secrets }: Visibility): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let text = "";
  const add = (frames: string): void => {
    text += frames;
    if (text.length < PIECE_BYTES) return;
    pieces.push(Buffer.from(text, "latin1"));
    text = "";
  };
  for (const connection of table.connections()) add(connectionText(connection, secrets));
  for (const route of table.routes()) add(routeText(route));
  if (text !== "") pieces.push(Buffer.from(text, "latin1"));
  return pieces;
}

function connectionText(connection: ConnectionCommand, secrets: boolean): string {
  return frameText(encodeCommand(secrets ? connection : withoutSecrets(connection)));
}

function routeText(route: RouteCommand): string {
  return safeRoutes(route)
    .map((safe) => frameText(encodeCommand(safe)))
    .join("");
}

/** Routes that say the same and that every original survives; the route itself, host bits and all, where that is one. */
export function safeRoutes(route: RouteCommand): RouteCommand[] {
  const prefixes = safePrefixes(routePrefix(route));
  if (prefixes.length === 1) return [route];
  return prefixes.map(({ family, words, length }) => ({ ...route, address: { family, words }, length }));
}
