/**
 * What this node tells the cluster: all that it knows to who connects, then what changes here. What came from others is part
 * of the first and never of the second (spec: sync-protocol.md 7.1); only that something is gone goes on to our own nodes.
 */
import {
  type ConnectionCommand,
  type Entry,
  type EntryKey,
  type Extension,
  entryFrames,
  entryKey,
  type RouteCommand,
  type SyncHub,
  safeRoutes,
  snapshotPieces,
} from "satp-sync";
import { UNDATED } from "../../data-plane/newest-place.ts";
import type { Clock } from "../clock.ts";
import type { ConnectionState } from "../connections/connection.ts";
import type { ConnectionEvent } from "../connections/connection-events.ts";
import type { Connections } from "../connections/connections.ts";
import { commandOf, placeOf, routeCommandOf } from "./connection-commands.ts";
import { OriginalNumbers } from "./original-numbers.ts";
import type { HeldNumber } from "./source-connection.ts";

/** Clients of one kind: those that may see keys, or those that may not. */
export interface Audience {
  readonly hub: Pick<SyncHub, "size" | "push" | "pushExtension" | "pushExtensions" | "close">;
  readonly secrets: boolean;
}

/** For so long a snapshot says where numbers are. */
const SNAPSHOT_MS = 1000;

interface KeptSnapshot {
  readonly pieces: readonly Uint8Array[];
  readonly atMs: number;
}

export class Outbox {
  readonly #connections: Connections;
  readonly #clock: Pick<Clock, "now">;
  readonly #audiences: Audience[] = [];
  readonly #numbers = new OriginalNumbers();
  /** When the peer was heard at the place that was told last, by mux. */
  readonly #toldMs = new Map<number, number>();
  readonly #snapshots = new Map<boolean, KeptSnapshot>();
  readonly #stop: () => void;

  /** Follows the connections from now on. */
  constructor(connections: Connections, clock: Pick<Clock, "now">) {
    this.#connections = connections;
    this.#clock = clock;
    this.#stop = connections.listen((event) => this.#follow(event));
  }

  add(audience: Audience): void {
    this.#audiences.push(audience);
  }

  /** All that is known, as a new client of this kind gets it. */
  snapshot(secrets: boolean): readonly Uint8Array[] {
    const nowMs = this.#clock.now();
    const present = this.#snapshots.get(secrets);
    if (present !== undefined && nowMs - present.atMs < SNAPSHOT_MS) return present.pieces;
    const connections = this.#connections.connections().map((state) => this.#command(state));
    const routes = this.#connections.routes().map(routeCommandOf);
    const pieces = snapshotPieces({ connections: () => connections, routes: () => routes }, { secrets });
    this.#snapshots.set(secrets, { pieces, atMs: nowMs });
    return pieces;
  }

  /** Another node has told of a number. @param isOwn whether that is known to be an original that sends with it */
  noteNumber({ mux, sequence, atMs }: HeldNumber, isOwn: boolean): void {
    this.#numbers.note(mux, sequence, atMs, isOwn);
  }

  /** To be called at each number, and about once a second. @param isThere whether an original sends with numbers of its own */
  followOriginals(isThere: boolean): void {
    this.#numbers.follow(isThere, this.#clock.now());
  }

  /** To our own nodes, in place of what waits for them under the same keys. */
  pushExtensions(items: readonly (readonly [EntryKey, readonly Extension[]])[]): void {
    for (const { hub } of this.#audiences) hub.pushExtensions(items);
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#audiences.some(({ hub }) => hub.size > 0);
  }

  close(): void {
    this.#stop();
    for (const { hub } of this.#audiences) hub.close();
  }

  /** What a node of ours gets besides the snapshot: when the peers were heard where they are. */
  places(): Extension[] {
    const nowMs = this.#clock.now();
    const places = this.#connections.connections().flatMap((state) => placeOf(state, nowMs) ?? []);
    return [{ type: "clock", nowMs }, ...places];
  }

  /** What the clock says, to our own nodes. */
  tellTime(): void {
    if (this.isHeard) this.pushExtensions([["clock", [{ type: "clock", nowMs: this.#clock.now() }]]]);
  }

  /** Somebody tells of an older place: our own nodes hear of this one, unless it was told before. */
  answer(mux: number): void {
    const state = this.#connections.get(mux);
    if (state === undefined || state.heardMs === UNDATED || state.heardMs === this.#toldMs.get(mux)) return;
    this.#tellPlace(state);
  }

  /** Somebody still has what is gone. */
  withdrawAgain(entry: Entry): void {
    this.#withdraw(
      entryKey(entry),
      entry.type === "connection" ? [{ type: "withdraw-connection", mux: entry.mux }] : routeWithdrawals(entry),
    );
  }

  #follow(event: ConnectionEvent): void {
    this.#snapshots.clear();
    switch (event.type) {
      case "connection":
        if (event.change === "kept") this.#tellPlace(event.connection);
        else if (event.origin === "local") this.#pushConnection(event.connection);
        break;
      case "route":
        if (event.origin === "local") this.#push(routeCommandOf(event.route));
        break;
      case "connection-removed":
        this.#numbers.delete(event.mux);
        this.#toldMs.delete(event.mux);
        this.#withdraw(entryKey({ type: "connection", mux: event.mux }), [
          { type: "withdraw-connection", mux: event.mux },
        ]);
        break;
      case "route-removed": {
        const route = routeCommandOf(event.route);
        this.#withdraw(entryKey(route), routeWithdrawals(route));
        break;
      }
    }
  }

  #command(state: ConnectionState): ConnectionCommand {
    return commandOf(state, this.#numbers.tell(state.mux, state.sequence, this.#clock.now()));
  }

  /** To our own nodes alone: each connection that an original is told of moves its sequence numbers. */
  #tellPlace(state: ConnectionState): void {
    const place = placeOf(state, this.#clock.now());
    if (place === undefined) return;
    this.#toldMs.set(state.mux, state.heardMs);
    this.pushExtensions([[`place ${state.mux}`, [place]]]);
  }

  /** The place follows with its time, for those who know what that is. */
  #pushConnection(state: ConnectionState): void {
    const place = placeOf(state, this.#clock.now());
    if (place === undefined) {
      this.#push(this.#command(state));
    } else {
      this.#toldMs.set(state.mux, state.heardMs);
      this.#push(this.#command(state), place);
    }
  }

  #push(entry: Entry, ...behind: readonly Extension[]): void {
    const key = entryKey(entry);
    for (const { hub, secrets } of this.#audiences) {
      if (hub.size > 0) hub.push(key, entryFrames(entry, { secrets }), ...behind);
    }
  }

  #withdraw(key: EntryKey, extensions: readonly Extension[]): void {
    for (const { hub } of this.#audiences) hub.pushExtension(key, ...extensions);
  }
}

function routeWithdrawals(route: RouteCommand): Extension[] {
  return safeRoutes(route).map(({ address, length }) => ({ type: "withdraw-route", address, length }));
}
