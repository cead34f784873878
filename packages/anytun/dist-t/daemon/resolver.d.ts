import type { AddressFamily, UdpName } from "../config/config.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "./clock.ts";
export declare const RETRY_MS = 10000;
export interface Address {
  /** Literal text, with `%zone` where there is one. */
  readonly address: string;
  readonly family: 4 | 6;
}
/** All addresses of a name, in the system's order of preference; rejects when there are none. */
export type Lookup = (host: string, family: AddressFamily) => Promise<readonly Address[]>;
/** The system's resolver. Literal addresses never reach it: they need neither a name server nor a configured family. */
export declare const systemLookup: Lookup;
/** The address itself when the host is written as one. */
export declare function literalAddress(host: string): Address | undefined;
/** What the log says about one name: the first failure, then one of many, and the recovery. */
export declare class ResolveLog {
  #private;
  constructor(log: Logger, name: UdpName);
  attempt(): void;
  failed(error: unknown): void;
  succeeded(): void;
}
export interface ResolveContext {
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly log: Logger;
}
/**
 * Resolves a name however long it takes.
 * @returns all its addresses, at least one; `undefined` when `signal` aborted first
 */
export declare function resolve(
  name: UdpName,
  family: AddressFamily,
  { lookup, clock, log }: ResolveContext,
  signal: AbortSignal,
): Promise<readonly Address[] | undefined>;
