/** What one node knows of the cluster: connections by mux, routes by prefix. Commands go in and come out. */
import { type Prefix, prefixOf } from "satp-core";
import type { ConnectionCommand, RouteCommand } from "../wire/command.ts";
import { isUnspecified, UNSPECIFIED4 } from "../wire/host-address.ts";
import { hasSecrets } from "./usable.ts";

/** Names an entry of a table, and a frame that waits: a newer one with the same key takes its place. */
export type EntryKey = string;

export type Entry = ConnectionCommand | RouteCommand;

/** Routes that a table takes from elsewhere; 20 times what a large cluster has. */
const MAX_ROUTES = 1_000_000;

/** The rules that hold for everything that comes from elsewhere are in {@link ClusterTable.apply}; `set` has none. */
export class ClusterTable {
  /** New routes that {@link apply} left out because there were too many. */
  overflow = 0;
  readonly #maxRoutes: number;
  readonly #connections = new Map<number, ConnectionCommand>();
  readonly #routes = new Map<EntryKey, RouteCommand>();
  #sortedMuxes: readonly number[] | undefined;
  #sortedRoutes: readonly RouteCommand[] | undefined;

  constructor(maxRoutes: number = MAX_ROUTES) {
    this.#maxRoutes = maxRoutes;
  }

  /** Connections and routes together. */
  get size(): number {
    return this.#connections.size + this.#routes.size;
  }

  connection(mux: number): ConnectionCommand | undefined {
    return this.#connections.get(mux);
  }

  get(key: EntryKey): Entry | undefined {
    return key.startsWith("connection") ? this.#connections.get(muxOf(key)) : this.#routes.get(key);
  }

  /** Connections by ascending mux. */
  *connections(): Generator<ConnectionCommand, void, void> {
    this.#sortedMuxes ??= [...this.#connections.keys()].sort((a, b) => a - b);
    for (const mux of this.#sortedMuxes) {
      const connection = this.#connections.get(mux);
      if (connection !== undefined) yield connection;
    }
  }

  /** IPv4 before IPv6, then by ascending length, then by ascending address: the order of the originals. */
  routes(): readonly RouteCommand[] {
    this.#sortedRoutes ??= [...this.#routes.values()].sort(compareRoutes);
    return this.#sortedRoutes;
  }

  /**
   * Takes over what another node says. A known endpoint is never forgotten, a sequence number never goes down as long as the
   * keys stay the same, and keys that were left out stay as they are.
   * @returns the entry as it is now, or undefined when nothing has changed
   */
  apply(command: Entry): Entry | undefined {
    if (command.type === "route") return this.#applyRoute(command);
    const merged = merge(this.#connections.get(command.mux), normalConnection(command));
    return this.set(merged) ? merged : undefined;
  }

  #applyRoute(route: RouteCommand): RouteCommand | undefined {
    if (this.#routes.size >= this.#maxRoutes && !this.#routes.has(entryKey(route))) {
      this.overflow++;
      return undefined;
    }
    return this.set(route) ? route : undefined;
  }

  /** Puts an entry in its place; false when it says nothing new. */
  set(entry: Entry): boolean {
    if (entry.type === "connection") {
      const present = this.#connections.get(entry.mux);
      if (present !== undefined && sameConnection(present, entry)) return false;
      if (present === undefined) this.#sortedMuxes = undefined;
      this.#connections.set(entry.mux, entry);
      return true;
    }
    const route = normalRoute(entry);
    const key = entryKey(route);
    const present = this.#routes.get(key);
    if (present?.mux === route.mux) return false;
    this.#routes.set(key, route);
    this.#sortedRoutes = undefined;
    return true;
  }

  /** False when there was no such entry. */
  delete(key: EntryKey): boolean {
    if (key.startsWith("connection")) {
      this.#sortedMuxes = undefined;
      return this.#connections.delete(muxOf(key));
    }
    this.#sortedRoutes = undefined;
    return this.#routes.delete(key);
  }
}

/** Routes with equal keys lead packets to the same place: host bits do not count. */
export function entryKey(entry: { type: "connection"; mux: number } | Omit<RouteCommand, "mux">): EntryKey {
  if (entry.type === "connection") return `connection ${entry.mux}`;
  const { family, words, length } = routePrefix(entry);
  // the words, not their text: a node that joins makes one for each of tens of thousands of routes
  return family === 4 ? `route ${words[0]}/${length}` : `route ${words.join(":")}/${length}`;
}

/** The prefix that a route acts as. */
export function routePrefix({ address, length }: Pick<RouteCommand, "address" | "length">): Prefix {
  return prefixOf(address, Math.min(length, longest(address)));
}

function muxOf(key: EntryKey): number {
  return Number(key.slice("connection ".length));
}

function longest({ family }: { readonly family: 4 | 6 }): number {
  return family === 4 ? 32 : 128;
}

function normalRoute(route: RouteCommand): RouteCommand {
  const most = longest(route.address);
  return route.length > most ? { ...route, length: most } : route;
}

/** An unknown place has one spelling. */
function normalConnection(command: ConnectionCommand): ConnectionCommand {
  return isUnspecified(command.host) ? { ...command, host: UNSPECIFIED4, port: 0 } : command;
}

function merge(present: ConnectionCommand | undefined, news: ConnectionCommand): ConnectionCommand {
  if (present === undefined) return news;
  const place = isUnspecified(news.host) ? present : news;
  const keys = hasSecrets(news) ? news : present;
  const { role } = news;
  const { keyBits, key, salt } = keys;
  const isSameStream = role === present.role && sameBytes(key, present.key) && sameBytes(salt, present.salt);
  const sequence = isSameStream ? Math.max(present.sequence, news.sequence) : news.sequence;
  return { ...news, keyBits, key, salt, sequence, host: place.host, port: place.port };
}

function sameConnection(a: ConnectionCommand, b: ConnectionCommand): boolean {
  return (
    a.role === b.role &&
    a.keyBits === b.keyBits &&
    a.windowSize === b.windowSize &&
    a.sequence === b.sequence &&
    a.port === b.port &&
    a.host.zone === b.host.zone &&
    a.host.family === b.host.family &&
    a.host.words.every((word, i) => word === b.host.words[i]) &&
    sameBytes(a.key, b.key) &&
    sameBytes(a.salt, b.salt)
  );
}

/** Nobody measures the time of this: both come over the same connection. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function compareRoutes(a: RouteCommand, b: RouteCommand): number {
  const [x, y] = [a.address, b.address];
  if (x.family !== y.family || a.length !== b.length) return x.family - y.family || a.length - b.length;
  const at = x.words.findIndex((word, i) => word !== y.words[i]);
  return at < 0 ? 0 : (x.words[at] ?? 0) - (y.words[at] ?? 0);
}
