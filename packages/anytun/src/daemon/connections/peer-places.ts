/**
 * Where the peers are. Three tell: the data plane, which hears them; name servers; other nodes of the cluster. The latest news
 * count, in whatever order they come, and the data plane has the last word, for it alone knows what came a moment ago.
 */
import { ENDPOINT_FAMILY, sameEndpoint } from "satp-core";
import type { HeardAt } from "../../data-plane/messages.ts";
import { isNewerPlace, UNDATED } from "../../data-plane/newest-place.ts";
import type { Clock } from "../clock.ts";
import type { Listeners } from "./connection-events.ts";
import { type Entry, stateOf } from "./entry.ts";
import type { PlaneCommands } from "./plane-commands.ts";

export class PeerPlaces {
  readonly #entries: ReadonlyMap<number, Entry>;
  readonly #commands: PlaneCommands;
  readonly #listeners: Listeners;
  readonly #clock: Clock;

  constructor(entries: ReadonlyMap<number, Entry>, commands: PlaneCommands, listeners: Listeners, clock: Clock) {
    this.#entries = entries;
    this.#commands = commands;
    this.#listeners = listeners;
    this.#clock = clock;
  }

  /** See `Connections.setRemotePlace`. */
  setRemote(mux: number, endpoint: Int32Array, heardMs: number): "taken" | "older" {
    const entry = this.#entries.get(mux);
    if (entry === undefined) return "taken";
    const { endpoint: known } = entry;
    if (known !== undefined && sameEndpoint(known, 0, endpoint, 0)) {
      entry.heardMs = Math.max(entry.heardMs, heardMs);
      return "taken";
    }
    if (known !== undefined && !isNewerPlace(endpoint, heardMs, known, entry.heardMs)) return "older";
    entry.endpoint = endpoint.slice();
    entry.heardMs = heardMs;
    this.#commands.set({ mux, endpoint: endpoint.slice(), endpointHeardMs: heardMs });
    this.#listeners.tell({ type: "connection", change: "moved", connection: stateOf(entry), origin: "remote" });
    return "taken";
  }

  /** See `Connections.setEndpoint`. */
  setResolved(mux: number, endpoint: Int32Array): void {
    const entry = this.#entries.get(mux);
    if (entry === undefined) return;
    this.#commands.set({ mux, endpoint: endpoint.slice(), endpointHeardMs: undefined });
    // the first one is what somebody wrote down; another one later is news
    const heardMs = entry.endpoint === undefined ? UNDATED : this.#clock.now();
    this.#move(entry, endpoint[ENDPOINT_FAMILY] === 0 ? undefined : endpoint.slice(), heardMs);
  }

  /** The data plane heard the peer there. */
  heard({ mux, endpoint, heardMs }: HeardAt): void {
    const entry = this.#entries.get(mux);
    if (entry !== undefined && !isOutdated(entry, endpoint, heardMs)) this.#move(entry, endpoint, heardMs);
  }

  /** The data plane knew better than who told of another place; so do all others from now on. */
  kept({ mux, endpoint, heardMs }: HeardAt): void {
    const entry = this.#entries.get(mux);
    if (entry === undefined || isOutdated(entry, endpoint, heardMs)) return;
    entry.endpoint = endpoint;
    entry.heardMs = heardMs;
    this.#listeners.tell({ type: "connection", change: "kept", connection: stateOf(entry), origin: "local" });
  }

  #move(entry: Entry, endpoint: Int32Array | undefined, heardMs: number): void {
    const old = entry.endpoint;
    entry.endpoint = endpoint;
    entry.heardMs = heardMs;
    const isSame = endpoint === undefined ? old === undefined : old !== undefined && sameEndpoint(old, 0, endpoint, 0);
    if (isSame) return;
    this.#listeners.tell({ type: "connection", change: "moved", connection: stateOf(entry), origin: "local" });
  }
}

/** Newer news came from elsewhere while the data plane's were under way; it has them by now, or soon. */
function isOutdated({ endpoint: known, heardMs: knownMs }: Entry, endpoint: Int32Array, heardMs: number): boolean {
  if (known === undefined || sameEndpoint(known, 0, endpoint, 0)) return false;
  return isNewerPlace(known, knownMs, endpoint, heardMs);
}
