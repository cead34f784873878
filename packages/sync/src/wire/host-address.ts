/** Addresses as the protocol writes them: what glibc's inet_ntop prints (spec: sync-protocol.md 6). */
import { type Address, formatAddress, tryParseAddress } from "satp-core";

/** An address and, for link-local ones, the name or number of an interface. */
export interface HostAddress extends Address {
  readonly zone?: string;
}

export const UNSPECIFIED4: HostAddress = { family: 4, words: [0, 0, 0, 0] };
export const UNSPECIFIED6: HostAddress = { family: 6, words: [0, 0, 0, 0] };

const ZONE = /^[A-Za-z0-9_.:@-]{1,15}$/;

/** Any valid spelling; a zone only behind a link-local address. Undefined for other text. */
export function parseHostAddress(text: string): HostAddress | undefined {
  const percent = text.indexOf("%");
  if (percent < 0) return tryParseAddress(text);
  const address = tryParseAddress(text.slice(0, percent));
  const zone = text.slice(percent + 1);
  if (address === undefined || !isLinkLocal(address) || !ZONE.test(zone)) return undefined;
  return { ...address, zone };
}

/** The only spelling that is written. */
export function formatHostAddress(address: HostAddress): string {
  const text = isDottedTail(address) ? `::${tail(address)}` : formatAddress(address);
  return address.zone === undefined ? text : `${text}%${address.zone}`;
}

/** `0.0.0.0` and `::` stand for "not known". */
export function isUnspecified({ words }: Address): boolean {
  return words.every((word) => word === 0);
}

/** `192.0.2.1:4444` or `[2001:db8::1]:4444`. */
export function formatHostEndpoint(address: HostAddress, port: number): string {
  const text = formatHostAddress(address);
  return address.family === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}

function isLinkLocal({ family, words }: Address): boolean {
  return family === 6 && words[0] >>> 22 === 0xfe80 >>> 6;
}

/** Six zero groups and a seventh that is not: the last two are written as IPv4. */
function isDottedTail({ family, words }: Address): boolean {
  return family === 6 && words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] >>> 16 !== 0;
}

function tail({ words }: Address): string {
  return formatAddress({ family: 4, words: [words[3], 0, 0, 0] });
}
