import { formatPrefix } from "satp-core";
import { listMainRoutes, NetworkInterface } from "tun-native";
import type { Logger } from "../../log/logger.ts";
import type { ConnectionEvent } from "../connections/connection-events.ts";
import type { Connections } from "../connections/connections.ts";
import { prefixOfRoute } from "../connections/route.ts";
import { KernelRoutes, type RouteKernel } from "./kernel-routes.ts";

/** Networks change, and with them the ways to peers. */
const CHECK_MS = 10_000;
/** Eight words: nowhere. */
const NOWHERE = new Int32Array(8);

const systemKernel: RouteKernel = {
  bringUp: (device) => {
    new NetworkInterface(device).isUp = true;
  },
  add: (device, route) => new NetworkInterface(device).addRoute(route),
  remove: (device, route) => new NetworkInterface(device).removeRoute(route),
  table: listMainRoutes,
};

/** Whether the kernel routes into the tunnel what the connections' routes say. */
export class KernelRouting {
  readonly #install: () => () => void;
  #remove: (() => void) | undefined;

  constructor(device: string, connections: Connections, log: Logger) {
    this.#install = () => installKernelRoutes(device, connections, log);
  }

  /** @throws AnytunError `start`, TunNativeError; no route is left then */
  set(isWanted: boolean): void {
    if (isWanted) this.#remove ??= this.#install();
    else this.close();
  }

  /** Removes all of them. Idempotent. */
  close(): void {
    this.#remove?.();
    this.#remove = undefined;
  }
}

function installKernelRoutes(device: string, connections: Connections, log: Logger): () => void {
  const routes = new KernelRoutes({ device, kernel: systemKernel, log });
  const follow = (mux: number, endpoint: Int32Array | undefined): void => {
    if (!routes.follow(mux, endpoint)) connections.setEndpoint(mux, NOWHERE);
  };
  const onEvent = (event: ConnectionEvent): void => {
    switch (event.type) {
      case "connection":
        follow(event.connection.mux, event.connection.endpoint);
        break;
      case "connection-removed":
        follow(event.mux, undefined);
        break;
      case "route":
        routes.add(prefixOfRoute(event.route));
        break;
      case "route-removed":
        routes.remove(prefixOfRoute(event.route));
        break;
    }
  };
  for (const { mux, endpoint } of connections.connections()) follow(mux, endpoint);
  const prefixes = connections.routes().map(prefixOfRoute);
  try {
    routes.start(prefixes);
  } catch (error) {
    routes.close();
    throw error;
  }
  log.info(`kernel routes on ${device}: ${prefixes.map(formatPrefix).slice(0, 16).join(" ") || "none yet"}`);
  const end = connections.listen(onEvent);
  const timer = setInterval(() => routes.check(), CHECK_MS).unref();
  return () => {
    clearInterval(timer);
    end();
    routes.close();
  };
}
