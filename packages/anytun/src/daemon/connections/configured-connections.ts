/** The part of the connections that the configuration decides: what it names, and who else may become one. */
import type { Routing, SequenceRange } from "satp-core";
import type { UdpName } from "../../config/config.ts";
import type { HeardAt } from "../../data-plane/messages.ts";
import { type ConfiguredConnection, type ConnectionDefinition, sameDefinition, sameRemote } from "./connection.ts";
import { type ConnectionNumbers, STRANGERS } from "./connection-numbers.ts";
import type { ConnectionTable } from "./connection-table.ts";
import { type ConfiguredState, NOTHING_CONFIGURED, sameSuite } from "./desired-state.ts";
import type { PeerFollower } from "./entry.ts";
import type { PlaneCommands } from "./plane-commands.ts";

/** See `ConnectionsOptions.follow`. */
export type Follow = (connection: ConfiguredConnection & { readonly remote: UdpName }) => PeerFollower;

export class ConfiguredConnections {
  readonly #table: ConnectionTable;
  readonly #numbers: ConnectionNumbers;
  readonly #commands: PlaneCommands;
  readonly #startFollower: Follow;
  #state = NOTHING_CONFIGURED;
  #isFollowing = false;
  /** End of the numbers of strangers. */
  #strangerSequence = 0;

  constructor(table: ConnectionTable, numbers: ConnectionNumbers, commands: PlaneCommands, follow: Follow) {
    this.#table = table;
    this.#numbers = numbers;
    this.#commands = commands;
    this.#startFollower = follow;
  }

  /** The connection with this mux as it is written down. */
  get(mux: number): ConfiguredConnection | undefined {
    return this.#state.connections.find((connection) => connection.mux === mux);
  }

  /** See `Connections.configure`, but for routes. */
  set(state: ConfiguredState): void {
    const before = this.#state;
    this.#state = state;
    this.#table.suite = state.suite;
    this.#setOwnMux(before, state.ownMux);
    this.#changeStrangers(before.strangers, state.strangers);
    const old = byMux(before.connections);
    const wanted = byMux(state.connections);
    for (const mux of old.keys()) {
      if (wanted.has(mux)) continue;
      if (this.#table.entries.get(mux)?.origin === "local") this.#table.remove(mux, "local");
      else this.#unfollow(mux);
    }
    for (const [mux, connection] of wanted) {
      const present = old.get(mux);
      if (present === undefined || !sameDefinition(present, connection)) this.#table.set(connection, "local");
      if (present === undefined || !sameRemote(present, connection)) this.#follow(connection);
    }
    if (sameSuite(before.suite, state.suite)) return;
    this.#table.renewContexts();
    this.#tellStrangers();
  }

  /** All numbers come anew. */
  renewNumbers(): void {
    for (const mux of this.#table.entries.keys()) this.#table.renewNumbers(mux);
    if (this.#state.strangers !== undefined) this.#numbers.want(STRANGERS);
  }

  /** Other muxes stand in some headers from now on, and each has numbers of its own. */
  setHeaders(routing: Routing, ownMux: number): void {
    const numbers = this.#numbers;
    const muxes = [...this.#table.entries.keys()];
    const before = muxes.map((mux) => numbers.headerMux(mux));
    numbers.routing = routing;
    numbers.ownMux = ownMux;
    this.#commands.setHeaders(routing, ownMux);
    muxes.forEach((mux, index) => {
      if (numbers.headerMux(mux) !== before[index]) this.#table.renewNumbers(mux);
    });
  }

  /** Peers are looked for from now on. */
  startFollowing(): void {
    this.#isFollowing = true;
    for (const connection of this.#state.connections) this.#follow(connection);
  }

  /** Numbers for whoever is detected. */
  giveStrangers(sequence: SequenceRange): void {
    if (this.#state.strangers === undefined) return;
    this.#strangerSequence = sequence.end;
    this.#tellStrangers(sequence);
  }

  /** A peer that nobody named has authenticated itself, and the data plane has made it a connection. */
  addDetected({ mux, endpoint, heardMs }: HeardAt): void {
    const { strangers } = this.#state;
    if (strangers === undefined) {
      // the configuration changed while the datagram was on its way
      this.#commands.remove(mux);
      return;
    }
    const definition = { ...strangers, mux };
    const sequence = this.#strangerSequence;
    const follower = undefined;
    this.#table.add({ definition, origin: "local", endpoint, heardMs, sequence, isDetected: true, follower });
    if (this.#numbers.headerMux(mux) !== this.#numbers.ownMux) this.#numbers.want(mux);
  }

  #setOwnMux(before: ConfiguredState, ownMux: number): void {
    const numbers = this.#numbers;
    if (before === NOTHING_CONFIGURED) numbers.ownMux = ownMux;
    if (ownMux === numbers.ownMux) return;
    this.setHeaders(numbers.routing, ownMux);
    if (before.strangers !== undefined) numbers.want(STRANGERS);
  }

  #changeStrangers(old: ConnectionDefinition | undefined, strangers: ConnectionDefinition | undefined): void {
    if (old === undefined && strangers === undefined) return;
    if (old !== undefined && strangers !== undefined && sameDefinition(old, strangers)) return;
    const detected = [...this.#table.entries].filter(([, entry]) => entry.isDetected).map(([mux]) => mux);
    if (strangers === undefined) {
      this.#commands.setStrangers(undefined);
      for (const mux of detected) this.#table.remove(mux, "local");
      return;
    }
    this.#tellStrangers();
    if (old === undefined) this.#numbers.want(STRANGERS);
    for (const mux of detected) {
      this.#table.set({ ...strangers, mux }, "local");
      const entry = this.#table.entries.get(mux);
      if (entry !== undefined) entry.isDetected = true;
    }
  }

  #tellStrangers(sequence?: SequenceRange): void {
    const { strangers } = this.#state;
    if (strangers === undefined) return;
    const { windowSize } = strangers;
    const numbers = sequence === undefined ? {} : { sequence };
    this.#commands.setStrangers({ context: this.#table.context(strangers), windowSize, ...numbers });
  }

  #unfollow(mux: number): void {
    const entry = this.#table.entries.get(mux);
    void entry?.follower?.close();
    if (entry !== undefined) entry.follower = undefined;
  }

  #follow(connection: ConfiguredConnection): void {
    const entry = this.#table.entries.get(connection.mux);
    if (entry === undefined || !this.#isFollowing) return;
    const { remote } = connection;
    const old = entry.follower;
    entry.follower = remote === undefined ? undefined : this.#startFollower({ ...connection, remote });
    void old?.close();
  }
}

function byMux(connections: readonly ConfiguredConnection[]): Map<number, ConfiguredConnection> {
  return new Map(connections.map((connection) => [connection.mux, connection]));
}
