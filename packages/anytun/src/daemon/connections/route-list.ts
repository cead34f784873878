/** The routes that are wanted, by who wants them. */

import type { RouteChange } from "../../data-plane/route-rows.ts";
import { AnytunError } from "../../errors.ts";
import type { Listeners, Origin } from "./connection-events.ts";
import type { PlaneCommands } from "./plane-commands.ts";
import { checkRoute, compareRoutes, prefixOfRoute, type Route, type RouteKey, routeKey } from "./route.ts";

/** Bound of the main thread's memory for routes of the cluster: a quarter of a kilobyte each. */
const MAX_ROUTES = 500_000;

interface Entry {
  readonly route: Route;
  readonly origin: Origin;
}

/**
 * One route for each network. The later of two definitions counts (spec: anytun-cli.md 11); when the cluster
 * withdraws one, what the configuration says counts again.
 */
export class RouteList {
  readonly #commands: PlaneCommands;
  readonly #listeners: Listeners;
  readonly #present = new Map<RouteKey, Entry>();
  readonly #most: number;
  #configured = new Map<RouteKey, Route>();

  /** @param most routes that the cluster may fill the list up to */
  constructor(commands: PlaneCommands, listeners: Listeners, most: number = MAX_ROUTES) {
    this.#commands = commands;
    this.#listeners = listeners;
    this.#most = most;
  }

  get size(): number {
    return this.#present.size;
  }

  /** Those that the cluster decides. */
  get remoteCount(): number {
    let count = 0;
    for (const { origin } of this.#present.values()) if (origin === "remote") count++;
    return count;
  }

  /** In the order in which the originals show them. */
  all(): Route[] {
    return Array.from(this.#present.values(), ({ route }) => route).sort(compareRoutes);
  }

  /**
   * These are the configured ones from now on, and no others.
   * @param routes checked with {@link checkRoute}; a later one of the same network counts
   */
  configure(routes: readonly Route[]): void {
    const wanted = new Map(routes.map((route) => [routeKey(prefixOfRoute(route)), route]));
    for (const [key, old] of this.#configured) {
      if (!wanted.has(key) && this.#present.get(key)?.origin === "local") this.#withdraw(key, old, "local");
    }
    for (const [key, route] of wanted) {
      const old = this.#configured.get(key);
      // what did not change here does not undo what the cluster said since
      if (old === undefined || old.mux !== route.mux) this.#set(key, route, "local");
    }
    this.#configured = wanted;
  }

  /** The cluster adds a route or points it elsewhere. @throws AnytunError `connection` */
  setRemote(route: Route): void {
    checkRoute(route);
    const key = routeKey(prefixOfRoute(route));
    if (!this.#present.has(key) && this.#present.size >= this.#most) {
      throw new AnytunError("connection", `more than ${this.#most} routes`);
    }
    this.#set(key, route, "remote");
  }

  /** Where a route of exactly this network leads. */
  muxOf(route: Pick<Route, "address" | "length">): number | undefined {
    return this.#present.get(routeKey(prefixOfRoute(route)))?.route.mux;
  }

  /** The cluster withdraws a route; nothing happens when it did not add it, and false is returned. */
  removeRemote(route: Pick<Route, "address" | "length">): boolean {
    const key = routeKey(prefixOfRoute(route));
    const present = this.#present.get(key);
    if (present?.origin !== "remote") return false;
    const configured = this.#configured.get(key);
    if (configured === undefined) this.#withdraw(key, present.route, "remote");
    else this.#set(key, configured, "local");
    return true;
  }

  #set(key: RouteKey, route: Route, origin: Origin): void {
    const old = this.#present.get(key);
    this.#present.set(key, { route, origin });
    if (old?.route.mux === route.mux) return;
    this.#change(key, { prefix: prefixOfRoute(route), mux: route.mux });
    this.#listeners.tell({ type: "route", route, origin });
  }

  #withdraw(key: RouteKey, route: Route, origin: Origin): void {
    this.#present.delete(key);
    this.#change(key, { prefix: prefixOfRoute(route), mux: undefined });
    this.#listeners.tell({ type: "route-removed", route, origin });
  }

  #change(key: RouteKey, change: RouteChange): void {
    this.#commands.setRoute(key, change);
  }
}
