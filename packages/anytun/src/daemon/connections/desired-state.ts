/** What a configuration wants of connections and routes. */
import { DEFAULT_SUITE, type Suite } from "satp-core";
import { AnytunError } from "../../errors.ts";
import { type ConfiguredConnection, type ConnectionDefinition, checkConnection } from "./connection.ts";
import { checkRoute, type Route } from "./route.ts";

/** All that the configuration says about connections. */
export interface ConfiguredState {
  /** Own mux: in the header of all that is sent without routes. */
  readonly ownMux: number;
  /** Cipher and tag of all connections, also of those that others name; the kd-prf is each one's own. */
  readonly suite: Suite;
  /** With different muxes. */
  readonly connections: readonly ConfiguredConnection[];
  /**
   * Who becomes a connection by its first authenticated datagram while there is none, under whatever mux it uses
   * (that of the definition counts for nothing); undefined = nobody.
   */
  readonly strangers: ConnectionDefinition | undefined;
  readonly routes: readonly Route[];
}

/** Before the first one. */
export const NOTHING_CONFIGURED: ConfiguredState = {
  ...{ ownMux: 0, suite: DEFAULT_SUITE },
  ...{ connections: [], strangers: undefined, routes: [] },
};

/** Whether contexts for the same keys are the same. */
export function sameSuite(a: Suite, b: Suite): boolean {
  return a.cipher === b.cipher && a.auth === b.auth && a.tagBytes === b.tagBytes;
}

/** @throws AnytunError `connection` */
export function checkState({ connections, strangers, routes }: ConfiguredState): void {
  const muxes = new Set<number>();
  for (const connection of connections) {
    checkConnection(connection);
    if (muxes.has(connection.mux)) throw new AnytunError("connection", `connection ${connection.mux}: defined twice`);
    muxes.add(connection.mux);
  }
  if (strangers !== undefined) checkConnection(strangers);
  for (const route of routes) checkRoute(route);
}
