/** What somebody who follows the connections is told. */
import type { ConnectionState } from "./connection.ts";
import type { Route } from "./route.ts";

/** `remote`: another node of the cluster said so. Whoever tells other nodes passes on what is `local` only. */
export type Origin = "local" | "remote";

/** One change, after it took effect here. */
export type ConnectionEvent =
  /** `added`: also detected. `moved`: its endpoint is another one, by roaming or because a name was resolved.
   * `kept`: it is again what it was before another node told of an older one. */
  | {
      readonly type: "connection";
      readonly change: "added" | "changed" | "moved" | "kept";
      readonly connection: ConnectionState;
      readonly origin: Origin;
    }
  | { readonly type: "connection-removed"; readonly mux: number; readonly origin: Origin }
  /** New, or leads to another connection. */
  | { readonly type: "route"; readonly route: Route; readonly origin: Origin }
  | { readonly type: "route-removed"; readonly route: Route; readonly origin: Origin };

/** Must not throw. */
export type ConnectionListener = (event: ConnectionEvent) => void;

export class Listeners {
  readonly #listeners = new Set<ConnectionListener>();

  /** @returns what ends it */
  add(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(event: ConnectionEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
