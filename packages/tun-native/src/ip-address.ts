import { isIPv4, isIPv6 } from "node:net";
import { argumentError } from "./errors.ts";

/** IP addresses between text and the bytes that the kernel takes. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array;
  /** What stands behind `%` in `fe80::1%eth0`: an interface name or number; empty without. */
  readonly zone: string;
}

/** @throws TunNativeError `ERR_ARGUMENT` */
export function parseAddress(text: string): IpAddress {
  if (isIPv4(text)) return { family: 4, bytes: Uint8Array.from(text.split("."), Number), zone: "" };
  if (!isIPv6(text)) throw argumentError("address", JSON.stringify(text), "an IPv4 or IPv6 address");
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  return { family: 6, bytes: parseGroups(percent < 0 ? text : text.slice(0, percent)), zone };
}

/** Text of 4 or 16 address bytes; IPv6 in the form of RFC 5952. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  const [start, length] = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

export interface IpPrefix extends IpAddress {
  readonly prefixLength: number;
}

/** Reads `10.0.0.1/24`; without a length the whole address counts. @throws TunNativeError `ERR_ARGUMENT` */
export function parsePrefix(text: string): IpPrefix {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  const bits = address.bytes.length * 8;
  const length = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) {
    throw argumentError("prefix", JSON.stringify(text), `an address and a prefix length from 0 to ${bits}`);
  }
  return { ...address, prefixLength: Number(length) };
}

// The text was validated by isIPv6.
function parseGroups(text: string): Uint8Array {
  const [head = "", tail] = text.split("::");
  const front = groupBytes(head);
  const back = tail === undefined ? [] : groupBytes(tail);
  const bytes = new Uint8Array(16);
  bytes.set(front, 0);
  bytes.set(back, 16 - back.length);
  return bytes;
}

function groupBytes(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (i < groups.length && groups[i] === 0) continue;
    if (i - start > best[1]) best = [start, i - start];
    start = i + 1;
  }
  return best;
}
