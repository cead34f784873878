/** Endpoints as the eight words of a batch row: compared and copied without text. */
import {
  ENDPOINT_ADDRESS,
  ENDPOINT_FAMILY,
  ENDPOINT_PORT,
  ENDPOINT_SCOPE,
  ENDPOINT_SOCKET,
  ENDPOINT_WORDS,
} from "../batch/packet-batch.ts";
import { wordAt } from "../batch/rows.ts";
import { checkRange } from "../errors.ts";
import { type Address, formatAddress } from "../routing/address.ts";

/** Scope and local socket of an endpoint, when they are not 0. */
export interface EndpointOptions {
  /** IPv6 scope id (interface index) of a link-local address. */
  readonly scope?: number;
  /** Number of the local socket. */
  readonly socket?: number;
}

/**
 * Endpoint words of an address and a port.
 * @throws SatpError `out-of-range` for a port that is not 0 to 65535
 */
export function endpointOf(address: Address, port: number, options: EndpointOptions = {}): Int32Array {
  checkRange("port", port, 0, 0xffff);
  const words = new Int32Array(ENDPOINT_WORDS);
  words[ENDPOINT_FAMILY] = address.family;
  words[ENDPOINT_PORT] = port;
  words[ENDPOINT_SCOPE] = options.scope ?? 0;
  words[ENDPOINT_SOCKET] = options.socket ?? 0;
  words.set(address.words, ENDPOINT_ADDRESS);
  return words;
}

/** Whether both are the same place in the network; the local socket does not count. */
export function sameEndpoint(a: Int32Array, aAt: number, b: Int32Array, bAt: number): boolean {
  // one branch for all words: this is asked for every datagram, and the answer is nearly always yes
  const difference =
    (wordAt(a, aAt + ENDPOINT_FAMILY) ^ wordAt(b, bAt + ENDPOINT_FAMILY)) |
    (wordAt(a, aAt + ENDPOINT_PORT) ^ wordAt(b, bAt + ENDPOINT_PORT)) |
    (wordAt(a, aAt + ENDPOINT_SCOPE) ^ wordAt(b, bAt + ENDPOINT_SCOPE)) |
    (wordAt(a, aAt + ENDPOINT_ADDRESS) ^ wordAt(b, bAt + ENDPOINT_ADDRESS)) |
    (wordAt(a, aAt + ENDPOINT_ADDRESS + 1) ^ wordAt(b, bAt + ENDPOINT_ADDRESS + 1)) |
    (wordAt(a, aAt + ENDPOINT_ADDRESS + 2) ^ wordAt(b, bAt + ENDPOINT_ADDRESS + 2)) |
    (wordAt(a, aAt + ENDPOINT_ADDRESS + 3) ^ wordAt(b, bAt + ENDPOINT_ADDRESS + 3));
  return difference === 0;
}

/** Copies the eight words, the local socket included. Unrolled: a loop of eight costs three times as much. */
export function copyEndpoint(from: Int32Array, fromAt: number, to: Int32Array, toAt: number): void {
  to[toAt] = wordAt(from, fromAt);
  to[toAt + 1] = wordAt(from, fromAt + 1);
  to[toAt + 2] = wordAt(from, fromAt + 2);
  to[toAt + 3] = wordAt(from, fromAt + 3);
  to[toAt + 4] = wordAt(from, fromAt + 4);
  to[toAt + 5] = wordAt(from, fromAt + 5);
  to[toAt + 6] = wordAt(from, fromAt + 6);
  to[toAt + 7] = wordAt(from, fromAt + 7);
}

/** `192.0.2.1:4444`, `[2001:db8::1]:4444`, `[fe80::1%3]:4444`, or `unknown`. */
export function formatEndpoint(words: Int32Array, at = 0): string {
  const family = words[at + ENDPOINT_FAMILY];
  if (family !== 4 && family !== 6) return "unknown";
  const address = formatAddress({
    family,
    words: [
      words[at + ENDPOINT_ADDRESS] ?? 0,
      words[at + ENDPOINT_ADDRESS + 1] ?? 0,
      words[at + ENDPOINT_ADDRESS + 2] ?? 0,
      words[at + ENDPOINT_ADDRESS + 3] ?? 0,
    ],
  });
  const port = words[at + ENDPOINT_PORT] ?? 0;
  if (family === 4) return `${address}:${port}`;
  const scope = words[at + ENDPOINT_SCOPE] ?? 0;
  return scope === 0 ? `[${address}]:${port}` : `[${address}%${scope}]:${port}`;
}
