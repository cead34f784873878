/** What the configuration says about connections, at the start and whenever it is read again. */
import type { ClientConfig, Config } from "../../config/config.ts";
import type { ConnectionDefinition } from "./connection.ts";
import type { ConfiguredState } from "./desired-state.ts";
import type { Route } from "./route.ts";

/**
 * With `-r` one connection, at a place. Without, whoever has the key while there is no connection at all: a server
 * that hands out its clients' connections itself has some.
 */
export function configuredState(config: Config): ConfiguredState {
  const { mux, role, suite, keys, windowSize, remote, family, clients, hasOwnKeys } = config;
  const own: ConnectionDefinition = { mux, role, kdPrf: suite.kdPrf, keys, windowSize };
  return {
    ownMux: mux,
    suite,
    connections: [...(remote === undefined ? [] : [{ ...own, remote, family }]), ...clients],
    strangers: remote === undefined && clients.length === 0 && hasOwnKeys ? own : undefined,
    routes: [config, ...clients].flatMap(routesOf),
  };
}

function routesOf({ mux, routes }: Pick<ClientConfig, "mux" | "routes">): Route[] {
  return routes.map(({ address, length }) => ({ address, length, mux }));
}
