/**
 * What the data plane has to be told, collected until the end of the turn of the event loop: 10,000 connections that
 * come one by one are a few messages and one write to the disk, and what changes twice is told once.
 */
import type { Routing } from "satp-core";
import type {
  ConnectionCommand,
  ConnectionNumbers,
  ConnectionSetup,
  StrangerSetup,
} from "../../data-plane/messages.ts";
import { type RouteChange, routeRows } from "../../data-plane/route-rows.ts";
import type { RouteKey } from "./route.ts";

/** Between two commands the data plane moves packets, so one of them must not take long: a millisecond at most. */
const SETUPS_PER_COMMAND = 32;
const ROUTES_PER_COMMAND = 512;

type HeaderCommand = Extract<ConnectionCommand, { type: "headers" }>;

export class PlaneCommands {
  readonly #setups = new Map<number, ConnectionSetup>();
  readonly #removed = new Set<number>();
  readonly #routes = new Map<RouteKey, RouteChange>();
  #strangers: { readonly setup: StrangerSetup | undefined } | undefined;
  #headers: Omit<HeaderCommand, "type" | "numbers"> | undefined;

  get isEmpty(): boolean {
    return (
      this.#setups.size + this.#removed.size + this.#routes.size === 0 &&
      this.#strangers === undefined &&
      this.#headers === undefined
    );
  }

  /** Adds to what is already to be changed of this connection. */
  set(setup: ConnectionSetup): void {
    const before = this.#setups.get(setup.mux);
    const heard = [...(before?.heard ?? []), ...(setup.heard ?? [])];
    this.#setups.set(setup.mux, { ...before, ...setup, ...(heard.length === 0 ? {} : { heard }) });
  }

  /** The connections that are new or changed. */
  get setups(): Iterable<ConnectionSetup> {
    return this.#setups.values();
  }

  remove(mux: number): void {
    this.#setups.delete(mux);
    this.#removed.add(mux);
  }

  setStrangers(setup: StrangerSetup | undefined): void {
    this.#strangers = { setup: setup === undefined ? undefined : { ...this.#strangers?.setup, ...setup } };
  }

  setRoute(key: RouteKey, change: RouteChange): void {
    this.#routes.set(key, change);
  }

  setHeaders(routing: Routing, ownMux: number): void {
    this.#headers = { routing, ownMux };
  }

  /** Everything, in the order in which it has to be obeyed; nothing is left. */
  take(): ConnectionCommand[] {
    const commands: ConnectionCommand[] = [];
    if (this.#removed.size > 0) commands.push({ type: "remove-connections", muxes: [...this.#removed] });
    if (this.#headers !== undefined) {
      commands.push({ type: "headers", ...this.#headers, numbers: this.#takeNumbers() });
    }
    for (const setups of slices([...this.#setups.values()], SETUPS_PER_COMMAND)) {
      commands.push({ type: "connections", setups });
    }
    // behind the connections: one that was detected has keys of its own by then
    if (this.#strangers !== undefined) commands.push({ type: "strangers", strangers: this.#strangers.setup });
    for (const routes of slices([...this.#routes.values()], ROUTES_PER_COMMAND)) {
      commands.push({ type: "routes", rows: routeRows(routes) });
    }
    this.#setups.clear();
    this.#removed.clear();
    this.#routes.clear();
    this.#strangers = undefined;
    this.#headers = undefined;
    return commands;
  }

  /** Those of connections that stay as they are otherwise: with the switch, so that no packet finds none. */
  #takeNumbers(): ConnectionNumbers[] {
    const numbers: ConnectionNumbers[] = [];
    for (const [mux, { sequence, ...rest }] of this.#setups) {
      if (sequence === undefined || rest.context !== undefined) continue;
      numbers.push({ mux, range: sequence });
      if (Object.keys(rest).length > 1) this.#setups.set(mux, rest);
      else this.#setups.delete(mux);
    }
    return numbers;
  }
}

function slices<T>(items: readonly T[], length: number): T[][] {
  const count = Math.ceil(items.length / length);
  return Array.from({ length: count }, (_, index) => items.slice(index * length, (index + 1) * length));
}
