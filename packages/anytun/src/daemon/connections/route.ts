/** Prefixes that lead to connections. */
import { type Address, formatPrefix, MAX_MUX, type Prefix, prefixOf } from "satp-core";
import { AnytunError } from "../../errors.ts";

/** A network and the mux of the connection that it is behind. */
export interface Route {
  /** As it was given: host bits travel in the cluster, and count nowhere else. */
  readonly address: Address;
  /** 0–32 or 0–128. */
  readonly length: number;
  readonly mux: number;
}

/** Equal exactly for routes of the same network. */
export type RouteKey = number | string;

/** The network without host bits. @throws SatpError `out-of-range` */
export function prefixOfRoute({ address, length }: Pick<Route, "address" | "length">): Prefix {
  return prefixOf(address, length);
}

export function routeKey({ family, words, length }: Prefix): RouteKey {
  // numbers for what there is much of: texts of 50,000 prefixes take a tenth of a second
  return family === 4 ? words[0] * 64 + length : `${words.join()}/${length}`;
}

/** @throws AnytunError `connection` */
export function checkRoute({ address, length, mux }: Route): void {
  const bits = address.family === 4 ? 32 : 128;
  if (!Number.isInteger(length) || length < 0 || length > bits) {
    throw new AnytunError("connection", `route with a prefix of ${length} bits: expected 0 to ${bits}`);
  }
  if (!Number.isInteger(mux) || mux < 0 || mux > MAX_MUX) {
    throw new AnytunError(
      "connection",
      `route ${formatRoute({ address, length })}: mux ${mux}: expected 0 to ${MAX_MUX}`,
    );
  }
}

/** Canonical text of the network. */
export function formatRoute(route: Pick<Route, "address" | "length">): string {
  return formatPrefix(prefixOfRoute(route));
}

/** The order in which the originals show routes: IPv4 first, shorter prefixes first, then by address (spec: sync-protocol.md 7.1). */
export function compareRoutes(a: Route, b: Route): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  if (a.length !== b.length) return a.length - b.length;
  for (const [at, word] of a.address.words.entries()) {
    const difference = (word >>> 0) - ((b.address.words[at] ?? 0) >>> 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
