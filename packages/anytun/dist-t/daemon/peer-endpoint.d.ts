import type { Address } from "./resolver.ts";
/** What is needed of a local socket to choose it. */
export interface LocalSocket {
  readonly family: 4 | 6;
  readonly id: number;
}
/**
 * Endpoint words of the peer, through the first local socket of its family.
 * @returns undefined when no local socket is of that family
 */
export declare function peerEndpoint(
  peer: Address,
  port: number,
  sockets: readonly LocalSocket[],
): Int32Array | undefined;
