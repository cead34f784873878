/** The connections themselves: how one is added, changed in place and removed, and who is told. */
import { type CipherContext, cipherContext, DEFAULT_SUITE, type Suite, sameEndpoint } from "satp-core";
import { UNDATED } from "../../data-plane/newest-place.ts";
import { type ConnectionDefinition, type RemoteConnection, sameKeys } from "./connection.ts";
import type { Listeners, Origin } from "./connection-events.ts";
import type { ConnectionNumbers } from "./connection-numbers.ts";
import { type Entry, stateOf } from "./entry.ts";
import type { PlaneCommands } from "./plane-commands.ts";

type ToldPlace = Pick<RemoteConnection, "endpoint" | "heardMs" | "toldMs">;

export class ConnectionTable {
  /** Cipher and tag of all connections. */
  suite: Suite = DEFAULT_SUITE;
  readonly #numbers: ConnectionNumbers;
  readonly #commands: PlaneCommands;
  readonly #listeners: Listeners;
  readonly #entries = new Map<number, Entry>();

  constructor(numbers: ConnectionNumbers, commands: PlaneCommands, listeners: Listeners) {
    this.#numbers = numbers;
    this.#commands = commands;
    this.#listeners = listeners;
  }

  /** By mux. */
  get entries(): ReadonlyMap<number, Entry> {
    return this.#entries;
  }

  /** A new connection, or a present one that is changed in place. */
  set(definition: ConnectionDefinition, origin: Origin, told: ToldPlace = {}): void {
    const entry = this.#entries.get(definition.mux);
    if (entry === undefined) this.#begin(definition, origin, told);
    else this.#change(entry, definition, origin, told);
  }

  add(entry: Entry): void {
    this.#entries.set(entry.definition.mux, entry);
    const { origin } = entry;
    this.#listeners.tell({ type: "connection", change: "added", connection: stateOf(entry), origin });
  }

  remove(mux: number, origin: Origin): void {
    const entry = this.#entries.get(mux);
    if (entry === undefined) return;
    void entry.follower?.close();
    this.#entries.delete(mux);
    this.#numbers.forget(mux);
    this.#commands.remove(mux);
    this.#listeners.tell({ type: "connection-removed", mux, origin });
  }

  /** What is left of its numbers counts no more. */
  renewNumbers(mux: number): void {
    this.#numbers.forget(mux);
    this.#numbers.want(mux);
  }

  /** Another cipher or tag for all of them. */
  renewContexts(): void {
    for (const [mux, { definition }] of this.#entries) this.#commands.set({ mux, context: this.context(definition) });
  }

  context(definition: ConnectionDefinition): CipherContext {
    return cipherContext({ ...this.suite, kdPrf: definition.kdPrf }, definition.keys, definition.role);
  }

  #begin(definition: ConnectionDefinition, origin: Origin, { endpoint, heardMs }: ToldPlace): void {
    const { mux, windowSize } = definition;
    const place = endpoint?.slice();
    const blank = { sequence: 0, isDetected: false, follower: undefined };
    this.add({ definition, origin, endpoint: place, heardMs: heardMs ?? UNDATED, ...blank });
    const known = place === undefined ? {} : { endpoint: place };
    this.#commands.set({ mux, context: this.context(definition), windowSize, ...known });
    this.#numbers.want(mux);
  }

  #change(entry: Entry, definition: ConnectionDefinition, origin: Origin, told: ToldPlace): void {
    const { endpoint, heardMs, toldMs } = told;
    const { mux, windowSize } = definition;
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
      ...(sameKeys(old, definition) ? {} : { context: this.context(definition) }),
      ...(old.windowSize === windowSize ? {} : { windowSize }),
      ...(isMoved ? { endpoint: endpoint.slice(), endpointHeardMs: heardMs ?? toldMs } : {}),
    });
    const change = isChanged ? "changed" : "moved";
    this.#listeners.tell({ type: "connection", change, connection: stateOf(entry), origin });
  }
}
