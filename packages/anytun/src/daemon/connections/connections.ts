/**
 * The connections and routes that this daemon is to have, and the only way to change them while it runs. Three users:
 *
 * - the command line and the configuration, at the start and again when they are read anew: {@link Connections.configure}
 * - the cluster, inwards: {@link Connections.setRemote}, {@link Connections.removeRemote} and the same for routes
 * - the cluster, outwards: {@link Connections.listen} for changes, {@link Connections.connections} and
 *   {@link Connections.routes} for a node that joins
 *
 * Each change is checked as a whole, then applied as a whole, or it throws and nothing is different. What is not
 * named keeps its windows, counters and numbers and loses no packet: the data plane changes connections in place,
 * between two bursts. The data plane in turn says what packets changed ({@link Connections.onEvent}).
 *
 * Main thread only. Memory: some 0.6 KiB for a connection and 0.25 KiB for a route here, see docs/ARCHITECTURE.md.
 */
import {
  type CipherContext,
  cipherContext,
  type DeviceKind,
  type Routing,
  type SenderMark,
  sameEndpoint,
} from "satp-core";
import type { UdpName } from "../../config/config.ts";
import type { ConnectionCommand, HeardAt } from "../../data-plane/messages.ts";
import { UNDATED } from "../../data-plane/newest-place.ts";
import type { DataPlaneEvent } from "../../data-plane/thread.ts";
import { errorText } from "../../error-text.ts";
import { AnytunError } from "../../errors.ts";
import type { Logger } from "../../log/logger.ts";
import type { Clock } from "../clock.ts";
import type { SequenceBook } from "../sequence-book.ts";
import { SequenceSupply } from "../sequence-supply.ts";
import {
  type ConfiguredConnection,
  type ConnectionDefinition,
  type ConnectionState,
  checkConnection,
  type RemoteConnection,
  sameDefinition,
  sameKeys,
  sameRemote,
} from "./connection.ts";
import { type ConnectionListener, Listeners, type Origin } from "./connection-events.ts";
import { ConnectionNumbers, STRANGERS } from "./connection-numbers.ts";
import { type ConfiguredState, checkState, NOTHING_CONFIGURED, sameSuite } from "./desired-state.ts";
import { type Entry, type PeerFollower, stateOf } from "./entry.ts";
import { FlushSchedule } from "./flush-schedule.ts";
import { PeerPlaces } from "./peer-places.ts";
import { PlaneCommands } from "./plane-commands.ts";
import type { Route } from "./route.ts";
import { RouteList } from "./route-list.ts";

/** What the whole daemon has in common. */
export interface ConnectionsOptions {
  readonly routing: Routing;
  readonly kind: DeviceKind;
  readonly book: SequenceBook;
  readonly log: Logger;
  readonly clock: Clock;
  /**
   * Looks for the peer of a configured connection and calls {@link Connections.setEndpoint} with what it finds, until
   * it is closed. Not called before {@link Connections.attach}.
   */
  readonly follow: (connection: ConfiguredConnection & { readonly remote: UdpName }) => PeerFollower;
}

/** What the data plane offers here. */
export interface ConnectionPlane {
  command(command: ConnectionCommand): void;
}

type ToldPlace = Pick<RemoteConnection, "endpoint" | "heardMs" | "toldMs">;

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #numbers: ConnectionNumbers;
  readonly #commands = new PlaneCommands();
  readonly #listeners = new Listeners();
  readonly #routes: RouteList;
  readonly #entries = new Map<number, Entry>();
  readonly #places: PeerPlaces;
  readonly #schedule: FlushSchedule;
  #configured = NOTHING_CONFIGURED;
  #plane: ConnectionPlane | undefined;
  #strangerSequence = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#routes = new RouteList(this.#commands, this.#listeners);
    this.#places = new PeerPlaces(this.#entries, this.#commands, this.#listeners, options.clock);
    this.#schedule = new FlushSchedule(options.clock, () => this.#flush());
    const supply = new SequenceSupply(options.book, options.log, options.clock, (mux, range) => {
      const entry = this.#entries.get(mux);
      if (entry === undefined) return;
      entry.sequence = range.end;
      this.#plane?.command({ type: "sequence", mux, range });
    });
    this.#numbers = new ConnectionNumbers(supply, options.routing);
  }

  /** Which connection a frame goes to. */
  get routing(): Routing {
    return this.#numbers.routing;
  }

  /** Number of connections. */
  get size(): number {
    return this.#entries.size;
  }

  get routeCount(): number {
    return this.#routes.size;
  }

  /** How many of both the cluster decides; looked for at each call. */
  get remoteCounts(): { readonly connections: number; readonly routes: number } {
    let connections = 0;
    for (const { origin } of this.#entries.values()) if (origin === "remote") connections++;
    return { connections, routes: this.#routes.remoteCount };
  }

  /** The connection with this mux as it is now. */
  get(mux: number): ConnectionState | undefined {
    const entry = this.#entries.get(mux);
    return entry === undefined ? undefined : stateOf(entry);
  }

  /** All of them as they are now, by ascending mux. */
  connections(): ConnectionState[] {
    return Array.from(this.#entries.values(), stateOf).sort((a, b) => a.mux - b.mux);
  }

  /** All routes, in the order in which the originals show them. */
  routes(): Route[] {
    return this.#routes.all();
  }

  /** @returns what ends it */
  listen(listener: ConnectionListener): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * This is the configuration from now on. What it no longer names is removed, what it names differently is changed
   * in place, what is the same is left alone; what the cluster added or changed since stays.
   * @throws AnytunError `connection`; nothing is different then
   */
  configure(state: ConfiguredState): void {
    checkState(state);
    const before = this.#configured;
    this.#configured = state;
    this.#configureHeaders(before, state.ownMux);
    this.#configureStrangers(before.strangers, state.strangers);
    const old = byMux(before.connections);
    const wanted = byMux(state.connections);
    for (const mux of old.keys()) {
      if (wanted.has(mux)) continue;
      if (this.#entries.get(mux)?.origin === "local") this.#remove(mux, "local");
      else this.#unfollow(mux);
    }
    for (const [mux, connection] of wanted) {
      const present = old.get(mux);
      if (present === undefined || !sameDefinition(present, connection)) this.#set(connection, "local");
      if (present === undefined || !sameRemote(present, connection)) this.#follow(connection);
    }
    this.#routes.configure(state.routes);
    if (!sameSuite(before.suite, state.suite)) this.#renewContexts();
    this.#schedule.soon();
  }

  /** Numbers come from this book from now on, those of a new sender id: nobody keeps those that are left. */
  setBook(book: SequenceBook): void {
    this.#numbers.setBook(book);
    for (const mux of this.#entries.keys()) this.#renewNumbers(mux);
    if (this.#configured.strangers !== undefined) this.#numbers.want(STRANGERS);
    this.#schedule.soon();
  }

  /**
   * Another node of the cluster says what a connection is: a new one, or one that is overwritten. Its endpoint, if
   * any, counts at once: whoever can say when the peer was heard there uses {@link setRemotePlace}. Own numbers never go down.
   * @throws AnytunError `connection`; nothing is different then
   */
  setRemote(connection: RemoteConnection): void {
    checkConnection(connection);
    const isNew = !this.#entries.has(connection.mux);
    const { mux, sequence = 0, heard } = connection;
    const { keys, role, kdPrf, windowSize } = connection;
    this.#set({ mux, keys, role, kdPrf, windowSize }, "remote", connection);
    const entry = this.#entries.get(mux);
    if (entry !== undefined && sequence > entry.sequence) this.#numbers.want(mux, sequence);
    if (heard !== undefined && heard.length > 0) this.#commands.set({ mux, heard });
    if (isNew) this.#schedule.newcomer();
    else this.#schedule.soon();
  }

  /**
   * Another node says where a peer is and when it was heard there. The latest such news counts, whatever the order in which they
   * come; what the data plane itself has heard is asked too, and told as `kept` when it is later.
   * @returns "older" when what is known here is newer
   */
  setRemotePlace(mux: number, endpoint: Int32Array, heardMs: number): "taken" | "older" {
    const verdict = this.#places.setRemote(mux, endpoint, heardMs);
    this.#schedule.soon();
    return verdict;
  }

  /** Another node heard the peer's sender ids up to here: those numbers count as seen, and nothing else is different. */
  raise(mux: number, heard: readonly SenderMark[]): void {
    if (!this.#entries.has(mux)) return;
    this.#commands.set({ mux, heard });
    this.#schedule.soon();
  }

  /** The cluster withdraws a connection: it is removed, or again what the configuration says. False when it is not the cluster's. */
  removeRemote(mux: number): boolean {
    if (this.#entries.get(mux)?.origin !== "remote") return false;
    const configured = this.#configured.connections.find((connection) => connection.mux === mux);
    if (configured === undefined) this.#remove(mux, "remote");
    else this.#set(configured, "local");
    this.#schedule.soon();
    return true;
  }

  /** The cluster adds a route or points it elsewhere. @throws AnytunError `connection` */
  setRemoteRoute(route: Route): void {
    this.#routes.setRemote(route);
    this.#schedule.soon();
  }

  /** Where a route of exactly this network leads. */
  routeMux(route: Pick<Route, "address" | "length">): number | undefined {
    return this.#routes.muxOf(route);
  }

  /** The cluster withdraws a route. False when it did not add it. */
  removeRemoteRoute(route: Pick<Route, "address" | "length">): boolean {
    const isRemoved = this.#routes.removeRemote(route);
    this.#schedule.soon();
    return isRemoved;
  }

  /**
   * A name was resolved: datagrams of this connection go here from now on, until the peer is heard from elsewhere.
   * @param endpoint eight words; family 0: nothing is sent until then
   */
  setEndpoint(mux: number, endpoint: Int32Array): void {
    this.#places.setResolved(mux, endpoint);
    this.#schedule.soon();
  }

  /** Switches between one connection for everything and routes. @throws AnytunError `connection` for routes with a tap device */
  setRouting(routing: Routing): void {
    if (routing === this.#numbers.routing) return;
    if (routing === "routes" && this.#options.kind === "tap") {
      throw new AnytunError("connection", "routes need a tun device: a tap device carries Ethernet frames");
    }
    this.#setHeaders(routing, this.#numbers.ownMux);
    this.#schedule.soon();
  }

  /** What a new data plane has to be told before the first packet. @throws AnytunError when no numbers can be reserved */
  firstCommands(): ConnectionCommand[] {
    this.#reserve();
    return this.#commands.take();
  }

  /** The data plane runs: changes go there from now on, and peers are looked for. */
  attach(plane: ConnectionPlane): void {
    this.#plane = plane;
    for (const connection of this.#configured.connections) this.#follow(connection);
    this.#schedule.open();
  }

  /** What packets changed. Other events are ignored. */
  onEvent(event: DataPlaneEvent): void {
    switch (event.type) {
      case "peer-detected":
        this.#detected(event);
        break;
      case "endpoint-moved":
        this.#places.heard(event);
        break;
      case "endpoint-kept":
        this.#places.kept(event);
        break;
      case "sequence-low":
        // a switch of the routing must be there before numbers that count from then on
        this.#schedule.now();
        if (this.#entries.has(event.mux)) this.#numbers.refill(event.mux);
        break;
    }
  }

  /** Ends the search for peers and retries under way; nothing is sent to the data plane any more. Idempotent. */
  close(): void {
    this.#schedule.close();
    this.#numbers.close();
    for (const entry of this.#entries.values()) void entry.follower?.close();
  }

  #configureHeaders(before: ConfiguredState, ownMux: number): void {
    const numbers = this.#numbers;
    if (before === NOTHING_CONFIGURED) numbers.ownMux = ownMux;
    if (ownMux === numbers.ownMux) return;
    this.#setHeaders(numbers.routing, ownMux);
    if (before.strangers !== undefined) numbers.want(STRANGERS);
  }

  /** Other muxes stand in some headers from now on, and each has numbers of its own. */
  #setHeaders(routing: Routing, ownMux: number): void {
    const numbers = this.#numbers;
    const muxes = [...this.#entries.keys()];
    const before = muxes.map((mux) => numbers.headerMux(mux));
    numbers.routing = routing;
    numbers.ownMux = ownMux;
    this.#commands.setHeaders(routing, ownMux);
    muxes.forEach((mux, index) => {
      if (numbers.headerMux(mux) !== before[index]) this.#renewNumbers(mux);
    });
  }

  /** What is left of them counts no more. */
  #renewNumbers(mux: number): void {
    this.#numbers.forget(mux);
    this.#numbers.want(mux);
  }

  /** Another cipher or tag for everybody. */
  #renewContexts(): void {
    for (const [mux, { definition }] of this.#entries) this.#commands.set({ mux, context: this.#context(definition) });
    const { strangers } = this.#configured;
    if (strangers !== undefined) {
      this.#commands.setStrangers({ context: this.#context(strangers), windowSize: strangers.windowSize });
    }
  }

  #configureStrangers(old: ConnectionDefinition | undefined, strangers: ConnectionDefinition | undefined): void {
    if (old === undefined && strangers === undefined) return;
    if (old !== undefined && strangers !== undefined && sameDefinition(old, strangers)) return;
    const detected = [...this.#entries].filter(([, entry]) => entry.isDetected).map(([mux]) => mux);
    if (strangers === undefined) {
      this.#commands.setStrangers(undefined);
      for (const mux of detected) this.#remove(mux, "local");
      return;
    }
    this.#commands.setStrangers({ context: this.#context(strangers), windowSize: strangers.windowSize });
    if (old === undefined) this.#numbers.want(STRANGERS);
    for (const mux of detected) {
      this.#set({ ...strangers, mux }, "local");
      const entry = this.#entries.get(mux);
      if (entry !== undefined) entry.isDetected = true;
    }
  }

  #set(definition: ConnectionDefinition, origin: Origin, told: ToldPlace = {}): void {
    const { endpoint, heardMs, toldMs } = told;
    const { mux, windowSize } = definition;
    const entry = this.#entries.get(mux);
    if (entry === undefined) {
      const place = endpoint?.slice();
      const blank = { sequence: 0, isDetected: false, follower: undefined };
      this.#add({ definition, origin, endpoint: place, heardMs: heardMs ?? UNDATED, ...blank });
      const known = place === undefined ? {} : { endpoint: place };
      this.#commands.set({ mux, context: this.#context(definition), windowSize, ...known });
      this.#numbers.want(mux);
      return;
    }
    const old = entry.definition;
    const isMoved =
      endpoint !== undefined &&
      (entry.endpoint === undefined || !sameEndpoint(entry.endpoint, 0, endpoint, 0)) &&
      (toldMs === undefined || toldMs >= entry.heardMs);
    const isChanged = !sameKeys(old, definition) || old.windowSize !== windowSize;
    entry.definition = definition;
    entry.origin = origin;
    entry.isDetected = false;
    if (isMoved) {
      entry.endpoint = endpoint.slice();
      entry.heardMs = heardMs ?? Math.min(entry.heardMs + 1, toldMs ?? Number.POSITIVE_INFINITY);
    }
    if (!isMoved && !isChanged) return;
    this.#commands.set({
      mux,
      ...(sameKeys(old, definition) ? {} : { context: this.#context(definition) }),
      ...(old.windowSize === windowSize ? {} : { windowSize }),
      ...(isMoved ? { endpoint: endpoint.slice(), endpointHeardMs: heardMs ?? toldMs } : {}),
    });
    const change = isChanged ? "changed" : "moved";
    this.#listeners.tell({ type: "connection", change, connection: stateOf(entry), origin });
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.definition.mux, entry);
    const { origin } = entry;
    this.#listeners.tell({ type: "connection", change: "added", connection: stateOf(entry), origin });
  }

  #remove(mux: number, origin: Origin): void {
    const entry = this.#entries.get(mux);
    if (entry === undefined) return;
    void entry.follower?.close();
    this.#entries.delete(mux);
    this.#numbers.forget(mux);
    this.#commands.remove(mux);
    this.#listeners.tell({ type: "connection-removed", mux, origin });
  }

  /** A peer that nobody configured has authenticated itself; the data plane has made it a connection. */
  #detected(event: HeardAt): void {
    const { mux, endpoint, heardMs } = event;
    const { strangers } = this.#configured;
    if (this.#entries.has(mux)) {
      this.#places.heard(event);
    } else if (strangers === undefined) {
      // the configuration changed while the datagram was on its way
      this.#commands.remove(mux);
      this.#schedule.soon();
    } else {
      const definition = { ...strangers, mux };
      const sequence = this.#strangerSequence;
      const follower = undefined;
      this.#add({ definition, origin: "local", endpoint, heardMs, sequence, isDetected: true, follower });
      if (this.#numbers.headerMux(mux) === this.#numbers.ownMux) return;
      this.#numbers.want(mux);
      this.#schedule.soon();
    }
  }

  #unfollow(mux: number): void {
    const entry = this.#entries.get(mux);
    void entry?.follower?.close();
    if (entry !== undefined) entry.follower = undefined;
  }

  #follow(connection: ConfiguredConnection): void {
    const entry = this.#entries.get(connection.mux);
    if (entry === undefined || this.#plane === undefined) return;
    const { remote } = connection;
    const old = entry.follower;
    entry.follower = remote === undefined ? undefined : this.#options.follow({ ...connection, remote });
    void old?.close();
  }

  #context(definition: ConnectionDefinition): CipherContext {
    return cipherContext({ ...this.#configured.suite, kdPrf: definition.kdPrf }, definition.keys, definition.role);
  }

  /** Numbers for all who begin. @throws AnytunError `state`, `sequence-exhausted` */
  #reserve(): void {
    for (const [mux, sequence] of this.#numbers.reserve()) {
      const entry = this.#entries.get(mux);
      if (entry !== undefined) entry.sequence = sequence.end;
      const { strangers } = this.#configured;
      if (mux !== STRANGERS) {
        this.#commands.set({ mux, sequence });
      } else if (strangers !== undefined) {
        this.#strangerSequence = sequence.end;
        this.#commands.setStrangers({ context: this.#context(strangers), windowSize: strangers.windowSize, sequence });
      }
    }
  }

  /** Tells the data plane everything that is new. */
  #flush(): void {
    if (this.#plane === undefined) return;
    try {
      this.#reserve();
    } catch (error) {
      // they begin without, and the data plane asks again with the first frame
      this.#options.log.error(errorText(error));
    }
    for (const command of this.#commands.take()) this.#plane.command(command);
  }
}

function byMux(connections: readonly ConfiguredConnection[]): Map<number, ConfiguredConnection> {
  return new Map(connections.map((connection) => [connection.mux, connection]));
}
