/** What other nodes and control hosts tell this one, judged and handed to the connections. */
import {
  type ConnectionCommand,
  type Entry,
  type EntryKey,
  entryKey,
  type HostAddress,
  type RouteCommand,
  routePrefix,
} from "satp-sync";
import { errorText } from "../../error-text.ts";
import { AnytunError } from "../../errors.ts";
import { LOG_WARNING } from "../../log/level.ts";
import type { RateLimiter } from "../../log/rate-limiter.ts";
import type { Clock } from "../clock.ts";
import { type ConnectionState, type RemoteConnection, sameDefinition } from "../connections/connection.ts";
import type { Connections } from "../connections/connections.ts";
import type { LocalSocket } from "../peer-endpoint.ts";
import { endpointOf, type OwnKeys, remoteOf, routeOf } from "./connection-commands.ts";
import { type Gone, Source } from "./source.ts";
import type { HeldNumber, HeldPlace } from "./source-connection.ts";
import { Withdrawn } from "./withdrawn.ts";

export interface InboxOptions {
  readonly connections: Connections;
  readonly own: () => OwnKeys;
  readonly sockets: readonly LocalSocket[];
  /** A number that another node has told of. @param isOwn whether that is known to be an original that sends with it */
  readonly noteNumber: (number: HeldNumber, isOwn: boolean) => void;
  /** Somebody told of a place that is older than what is known here. */
  readonly answer: (mux: number) => void;
  /** Somebody told of what the cluster has withdrawn. */
  readonly withdrawAgain: (entry: Entry) => void;
  readonly clock: Pick<Clock, "now">;
  readonly lines: RateLimiter;
}

/** Why an entry that makes sense is not taken over. */
export type Untaken =
  /** It has none, and this node has none for it. */
  | "no keys"
  /** This node cannot have it: there are as many routes as there may be. */
  | "not possible";

/** What was made of an entry. "doubtful": only a control host may say so. */
export type Taken = "taken" | "doubtful";

/** Everything that is common to the servers that this node follows. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #sources = new Set<Source>();
  readonly #withdrawn = new Withdrawn();

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** A server. @param name for the log */
  source(name: string): Source {
    const source = new Source(name, this, this.#options.clock);
    this.#sources.add(source);
    return source;
  }

  /** Whether one of them is an original that sends with numbers of its own. */
  get hasSendingOriginals(): boolean {
    for (const source of this.#sources) if (source.isSendingOriginal) return true;
    return false;
  }

  /** To be called about once a second. */
  tick(): void {
    for (const source of this.#sources) source.tick();
  }

  /** Takes an entry over; what cannot be used is counted, and told now and then. */
  take(entry: Entry, source: Source): Taken {
    if (this.#isWithdrawn(entry, source)) return "doubtful";
    try {
      return entry.type === "connection" ? this.#takeConnection(entry, source) : this.#takeRoute(entry, source);
    } catch (error) {
      if (!(error instanceof AnytunError)) throw error;
      this.#refuse(source, "not possible", errorText(error));
      return "taken";
    }
  }

  /**
   * A place whose time is not known. It counts unless the peer was heard here since it was told, and until somebody tells of
   * one where the peer was heard later than where it was known to be before.
   */
  takeUndatedPlace({ command: { mux, host, port }, toldMs }: HeldPlace): void {
    const { connections, sockets } = this.#options;
    const present = connections.get(mux);
    if (present === undefined) return;
    const endpoint = endpointOf(host, port, sockets);
    connections.setRemote({ ...present, sequence: 0, heardMs: undefined, endpoint, toldMs });
  }

  /** @param heardMs when the peer was heard there */
  takePlace(mux: number, host: HostAddress, port: number, heardMs: number): void {
    const { connections, sockets, answer } = this.#options;
    const endpoint = endpointOf(host, port, sockets);
    if (endpoint !== undefined && connections.setRemotePlace(mux, endpoint, heardMs) === "older") answer(mux);
  }

  /** An entry that is gone; what the configuration says stays. */
  remove(gone: Gone): void {
    const { connections, clock } = this.#options;
    const isRemoved = gone.type === "connection" ? connections.removeRemote(gone.mux) : this.#removeRoute(gone);
    if (isRemoved) this.#withdrawn.add(entryKey(gone), clock.now());
  }

  /** A node tells again what the cluster has withdrawn: it does not know. */
  withdrawAgain(entry: Entry): void {
    if (this.#withdrawn.has(entryKey(entry), this.#options.clock.now())) this.#options.withdrawAgain(entry);
  }

  noteNumber(number: HeldNumber, isOwn: boolean): void {
    this.#options.noteNumber(number, isOwn);
  }

  /** Another node heard a sender id up to here. */
  raise(mux: number, senderId: number, newest: number): void {
    this.#options.connections.raise(mux, [{ senderId, newest }]);
  }

  /** Whether another server that decides by itself says the same. */
  isToldBesides(key: EntryKey, source: Source): boolean {
    for (const other of this.#sources) if (other !== source && other.decides(key)) return true;
    return false;
  }

  /** Whether a control host is there that decides about it, and somebody else speaks. */
  isControlled(key: EntryKey, source: Source): boolean {
    if (source.isControlHost) return false;
    for (const other of this.#sources) if (other !== source && other.isControlling && other.decides(key)) return true;
    return false;
  }

  #removeRoute(route: { readonly address: HostAddress; readonly length: number }): boolean {
    const { family, words, length } = routePrefix(route);
    return this.#options.connections.removeRemoteRoute({ address: { family, words }, length });
  }

  #takeConnection(command: ConnectionCommand, source: Source): Taken {
    const { connections, own, sockets, clock } = this.#options;
    const { mux } = command;
    const present = connections.get(mux);
    const remote = remoteOf(command, own(), present, sockets);
    if (remote === "no keys") {
      this.#refuse(source, "no keys", `connection ${mux} has no keys that this node could use`);
      return "taken";
    }
    const isForeign =
      present !== undefined && !sameDefinition(remote, present) && this.isControlled(entryKey(command), source);
    const definition = isForeign ? present : remote;
    connections.setRemote({
      ...definition,
      sequence: 0,
      ...this.#placeFrom(command, remote, present, source, clock.now()),
    });
    return isForeign ? "doubtful" : "taken";
  }

  /** Which place of a connection counts, and since when. */
  #placeFrom(
    command: ConnectionCommand,
    { endpoint }: RemoteConnection,
    present: ConnectionState | undefined,
    source: Source,
    nowMs: number,
  ): Pick<RemoteConnection, "endpoint" | "heardMs" | "toldMs"> {
    if (endpoint === undefined) return { endpoint: undefined };
    switch (source.judgePlace(command, present)) {
      case "now":
        return { endpoint, heardMs: nowMs };
      case "undated":
        return { endpoint, heardMs: undefined, toldMs: nowMs };
      case "known":
        return { endpoint: undefined };
    }
  }

  #takeRoute(command: RouteCommand, source: Source): Taken {
    const { connections } = this.#options;
    const route = routeOf(command);
    if (this.#hasControl(source)) {
      const mux = connections.routeMux(route);
      if (mux !== undefined && mux !== route.mux && this.isControlled(entryKey(command), source)) return "doubtful";
    }
    connections.setRemoteRoute(route);
    return "taken";
  }

  /** Whether a control host is there, and somebody else speaks. */
  #hasControl(source: Source): boolean {
    if (source.isControlHost) return false;
    for (const { isControlling } of this.#sources) if (isControlling) return true;
    return false;
  }

  #isWithdrawn(entry: Entry, source: Source): boolean {
    if (this.#withdrawn.isEmpty) return false;
    const key = entryKey(entry);
    if (!this.#withdrawn.has(key, this.#options.clock.now())) return false;
    if (source.isRepeating) return true;
    this.#withdrawn.delete(key);
    return false;
  }

  #refuse(from: Source, kind: Untaken, why: string): void {
    from.refuse(kind);
    this.#options.lines.note("sync refused", LOG_WARNING, `sync: left out what ${from.name} said: ${why}`);
  }
}
