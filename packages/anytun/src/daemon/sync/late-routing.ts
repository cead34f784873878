/**
 * A node that has one connection and no route sends everything there, as the manual's example expects; the originals would
 * drop it. As soon as there is something to choose from, destinations decide, for good: nothing that is meant for one
 * peer may ever go to another.
 */
import type { Connections } from "../connections/connections.ts";

/** Whether there is nothing to choose from yet. */
export function hasNoChoice(connections: Pick<Connections, "size" | "routeCount">): boolean {
  return connections.size <= 1 && connections.routeCount === 0;
}

/** @returns what ends the watching */
export function routeOnceThereIsChoice(connections: Connections): () => void {
  const stop = connections.listen(() => {
    if (hasNoChoice(connections)) return;
    stop();
    connections.setRouting("routes");
  });
  return stop;
}
