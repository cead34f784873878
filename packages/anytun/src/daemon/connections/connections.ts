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
import type { DeviceKind, Routing, SenderMark } from "satp-core";
import type { ConnectionCommand, HeardAt } from "../../data-plane/messages.ts";
import type { DataPlaneEvent } from "../../data-plane/thread.ts";
import { errorText } from "../../error-text.ts";
import { AnytunError } from "../../errors.ts";
import type { Logger } from "../../log/logger.ts";
import type { Clock } from "../clock.ts";
import type { SequenceBook } from "../sequence-book.ts";
import { SequenceSupply } from "../sequence-supply.ts";
import { ConfiguredConnections, type Follow } from "./configured-connections.ts";
import { type ConnectionState, checkConnection, type RemoteConnection } from "./connection.ts";
import { type ConnectionListener, Listeners } from "./connection-events.ts";
import { ConnectionNumbers, STRANGERS } from "./connection-numbers.ts";
import { ConnectionTable } from "./connection-table.ts";
import { type ConfiguredState, checkState } from "./desired-state.ts";
import { stateOf } from "./entry.ts";
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
  readonly follow: Follow;
}

/** What the data plane offers here. */
export interface ConnectionPlane {
  command(command: ConnectionCommand): void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #commands = new PlaneCommands();
  readonly #listeners = new Listeners();
  readonly #numbers: ConnectionNumbers;
  readonly #table: ConnectionTable;
  readonly #configured: ConfiguredConnections;
  readonly #routes: RouteList;
  readonly #places: PeerPlaces;
  readonly #schedule: FlushSchedule;
  #plane: ConnectionPlane | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const supply = new SequenceSupply(options.book, options.log, options.clock, (mux, range) => {
      const entry = this.#table.entries.get(mux);
      if (entry === undefined) return;
      entry.sequence = range.end;
      this.#plane?.command({ type: "sequence", mux, range });
    });
    this.#numbers = new ConnectionNumbers(supply, options.routing);
    this.#table = new ConnectionTable(this.#numbers, this.#commands, this.#listeners);
    this.#configured = new ConfiguredConnections(this.#table, this.#numbers, this.#commands, options.follow);
    this.#routes = new RouteList(this.#commands, this.#listeners);
    this.#places = new PeerPlaces(this.#table.entries, this.#commands, this.#listeners, options.clock);
    this.#schedule = new FlushSchedule(options.clock, () => this.#flush());
  }

  /** Which connection a frame goes to. */
  get routing(): Routing {
    return this.#numbers.routing;
  }

  /** Number of connections. */
  get size(): number {
    return this.#table.entries.size;
  }

  get routeCount(): number {
    return this.#routes.size;
  }

  /** How many of both the cluster decides; looked for at each call. */
  get remoteCounts(): { readonly connections: number; readonly routes: number } {
    let connections = 0;
    for (const { origin } of this.#table.entries.values()) if (origin === "remote") connections++;
    return { connections, routes: this.#routes.remoteCount };
  }

  /** The connection with this mux as it is now. */
  get(mux: number): ConnectionState | undefined {
    const entry = this.#table.entries.get(mux);
    return entry === undefined ? undefined : stateOf(entry);
  }

  /** All of them as they are now, by ascending mux. */
  connections(): ConnectionState[] {
    return Array.from(this.#table.entries.values(), stateOf).sort((a, b) => a.mux - b.mux);
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
    this.#configured.set(state);
    this.#routes.configure(state.routes);
    this.#schedule.soon();
  }

  /** Numbers come from this book from now on, those of a new sender id: nobody keeps those that are left. */
  setBook(book: SequenceBook): void {
    this.#numbers.setBook(book);
    this.#configured.renewNumbers();
    this.#schedule.soon();
  }

  /**
   * Another node of the cluster says what a connection is: a new one, or one that is overwritten. Its endpoint, if
   * any, counts at once: whoever can say when the peer was heard there uses {@link setRemotePlace}. Own numbers never go down.
   * @throws AnytunError `connection`; nothing is different then
   */
  setRemote(connection: RemoteConnection): void {
    checkConnection(connection);
    const isNew = !this.#table.entries.has(connection.mux);
    const { mux, sequence = 0, heard } = connection;
    const { keys, role, kdPrf, windowSize } = connection;
    this.#table.set({ mux, keys, role, kdPrf, windowSize }, "remote", connection);
    const entry = this.#table.entries.get(mux);
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
    if (!this.#table.entries.has(mux)) return;
    this.#commands.set({ mux, heard });
    this.#schedule.soon();
  }

  /** The cluster withdraws a connection: it is removed, or again what the configuration says. False when it is not the cluster's. */
  removeRemote(mux: number): boolean {
    if (this.#table.entries.get(mux)?.origin !== "remote") return false;
    const configured = this.#configured.get(mux);
    if (configured === undefined) this.#table.remove(mux, "remote");
    else this.#table.set(configured, "local");
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
    this.#configured.setHeaders(routing, this.#numbers.ownMux);
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
    this.#configured.startFollowing();
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
        if (this.#table.entries.has(event.mux)) this.#numbers.refill(event.mux);
        break;
    }
  }

  /** Ends the search for peers and retries under way; nothing is sent to the data plane any more. Idempotent. */
  close(): void {
    this.#schedule.close();
    this.#numbers.close();
    for (const entry of this.#table.entries.values()) void entry.follower?.close();
  }

  #detected(event: HeardAt): void {
    if (this.#table.entries.has(event.mux)) {
      this.#places.heard(event);
      return;
    }
    this.#configured.addDetected(event);
    this.#schedule.soon();
  }

  /** Numbers for all who begin. @throws AnytunError `state`, `sequence-exhausted` */
  #reserve(): void {
    for (const [mux, sequence] of this.#numbers.reserve()) {
      if (mux === STRANGERS) {
        this.#configured.giveStrangers(sequence);
        continue;
      }
      const entry = this.#table.entries.get(mux);
      if (entry !== undefined) entry.sequence = sequence.end;
      this.#commands.set({ mux, sequence });
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
