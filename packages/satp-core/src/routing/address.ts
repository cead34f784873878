/** IP addresses as words, and their text forms (RFC 4291 section 2.2, RFC 5952). */
import { SatpError } from "../errors.ts";

/** Four big-endian words, unsigned when parsed; IPv4 is the first word and three zeros. */
export type AddressWords = readonly [number, number, number, number];

/** An IPv4 or IPv6 address without scope. */
export interface Address {
  readonly family: 4 | 6;
  readonly words: AddressWords;
}

const GROUPS = 8;
const DOT = 0x2e;
const COLON = 0x3a;

/**
 * Address of a text: dotted IPv4 (four decimal parts, no leading zeros), or IPv6 with `::` and an
 * embedded IPv4 tail as the RFCs allow. No scope (`%eth0`), no brackets, no blanks.
 * @throws SatpError `bad-address`
 */
export function parseAddress(text: string): Address {
  const address = tryParseAddress(text);
  if (address === undefined) throw new SatpError("bad-address", `'${text}': expected an IPv4 or IPv6 address`);
  return address;
}

/** Like {@link parseAddress}, with undefined for text that is not an address. */
export function tryParseAddress(text: string): Address | undefined {
  if (text.includes(":")) {
    const groups = parseGroups(text);
    if (groups === undefined) return undefined;
    return { family: 6, words: [pair(groups, 0), pair(groups, 2), pair(groups, 4), pair(groups, 6)] };
  }
  const word = parseIpv4(text, 0);
  return word === undefined ? undefined : { family: 4, words: [word, 0, 0, 0] };
}

/** Canonical text: lower case, no leading zeros, the first longest run of zero groups as `::`. */
export function formatAddress(address: Address): string {
  if (address.family === 4) return formatIpv4(address.words[0]);
  const groups = address.words.flatMap((word) => [word >>> 16, word & 0xffff]);
  if (isMapped(address.words)) return `::ffff:${formatIpv4(address.words[3])}`;
  const [start, length] = longestZeroRun(groups);
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function parseIpv4(text: string, from: number): number | undefined {
  let word = 0;
  let part = 0;
  let digits = 0;
  let parts = 0;
  for (let i = from; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      if (digits === 0 || part > 255 || parts === 4) return undefined;
      word = (word << 8) | part;
      parts++;
      part = 0;
      digits = 0;
    } else {
      const digit = code - 0x30;
      // a leading zero would mean octal to some programs: refuse what is read in two ways
      if (digit < 0 || digit > 9 || digits === 3 || (digits > 0 && part === 0)) return undefined;
      part = part * 10 + digit;
      digits++;
    }
  }
  return parts === 4 ? word >>> 0 : undefined;
}

/** The eight groups, or undefined. */
function parseGroups(text: string): number[] | undefined {
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.startsWith("::")) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    if (groups.length >= GROUPS) return undefined;
    const end = endOfGroup(text, i);
    if (text.charCodeAt(end) === DOT) {
      const word = parseIpv4(text, i);
      if (word === undefined) return undefined;
      groups.push(word >>> 16, word & 0xffff);
      break;
    }
    const group = parseHex(text, i, end);
    if (group < 0) return undefined;
    groups.push(group);
    if (end === text.length) break;
    if (text.charCodeAt(end) !== COLON) return undefined;
    i = end + 1;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      i++;
    } else if (i === text.length) {
      return undefined;
    }
  }
  if (gap < 0) return groups.length === GROUPS ? groups : undefined;
  if (groups.length >= GROUPS) return undefined;
  const zeros = new Array<number>(GROUPS - groups.length).fill(0);
  return [...groups.slice(0, gap), ...zeros, ...groups.slice(gap)];
}

/** Index behind the characters of a group. */
function endOfGroup(text: string, from: number): number {
  let end = from;
  while (end < text.length && text.charCodeAt(end) !== COLON && text.charCodeAt(end) !== DOT) end++;
  return end;
}

/** One to four hex digits, or -1. */
function parseHex(text: string, from: number, end: number): number {
  if (end === from || end - from > 4) return -1;
  let value = 0;
  for (let i = from; i < end; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

function pair(groups: readonly number[], at: number): number {
  return (((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0;
}

function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function isMapped(words: AddressWords): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > best[1]) best = [start, i + 1 - start];
  }
  return best;
}
