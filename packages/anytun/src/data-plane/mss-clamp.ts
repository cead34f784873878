/**
 * Between device and tunnel, both ways: TCP connections learn at their start which segments fit through the tunnel.
 * Hosts behind this one do not know its MTU, and path MTU discovery fails where ICMP is filtered; the maximum segment
 * size in SYN packets (RFC 9293, 3.7.1) always arrives.
 */
import { IPV4_HEADER_BYTES, IPV6_HEADER_BYTES, ipOffset, u16, writeU16 } from "./frame-layout.ts";

const PROTOCOL_TCP = 6;
const TCP_HEADER_BYTES = 20;
const TCP_FLAGS = 13;
const TCP_CHECKSUM = 16;
/** First byte of an IPv4 header without options. */
const PLAIN_IPV4 = 0x45;
const FLAG_SYN = 0x02;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;

/**
 * Whether a frame needs no look by {@link clampMss}, told from two bytes: it is an IPv4 packet without options, and if it
 * carries TCP at all, then not a SYN. Nearly all are.
 * @param ip offset of the IP header, if it is one
 */
export function isOrdinary(bytes: Uint8Array, ip: number): boolean {
  return bytes[ip] === PLAIN_IPV4 && ((bytes[ip + IPV4_HEADER_BYTES + TCP_FLAGS] ?? 0) & FLAG_SYN) === 0;
}

/**
 * Lowers the MSS option of a TCP SYN that announces more than fits; leaves every other frame alone.
 * @param bytes arena; `[offset, offset + length)` is the frame
 * @param ethernet whether the frame begins with an Ethernet header
 * @param packetBytes longest IP packet that fits
 * @returns whether the frame was changed (its checksum with it)
 */
export function clampMss(
  bytes: Uint8Array,
  offset: number,
  length: number,
  ethernet: boolean,
  packetBytes: number,
): boolean {
  const end = offset + length;
  const ip = ethernet ? ipOffset(bytes, offset, end) : offset;
  if (ip < 0 || end - ip < IPV4_HEADER_BYTES + TCP_HEADER_BYTES) return false;
  const version = (bytes[ip] ?? 0) >> 4;
  let tcp: number;
  if (version === 4) {
    const fragment = u16(bytes, ip + 6) & 0x1fff;
    if (bytes[ip + 9] !== PROTOCOL_TCP || fragment !== 0) return false;
    tcp = ip + ((bytes[ip] ?? 0) & 0x0f) * 4;
  } else {
    if (version !== 6 || bytes[ip + 6] !== PROTOCOL_TCP) return false;
    tcp = ip + IPV6_HEADER_BYTES;
  }
  if (tcp + TCP_HEADER_BYTES > end || ((bytes[tcp + TCP_FLAGS] ?? 0) & FLAG_SYN) === 0) return false;
  const limit = packetBytes - (version === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) - TCP_HEADER_BYTES;
  return lowerOption(bytes, tcp, end, limit);
}

function lowerOption(bytes: Uint8Array, tcp: number, end: number, limit: number): boolean {
  const optionsEnd = tcp + ((bytes[tcp + 12] ?? 0) >> 4) * 4;
  if (optionsEnd > end || limit < 1) return false;
  let at = tcp + TCP_HEADER_BYTES;
  while (at + 1 < optionsEnd) {
    const kind = bytes[at];
    if (kind === OPTION_END) return false;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const optionBytes = bytes[at + 1] ?? 0;
    if (optionBytes < 2 || at + optionBytes > optionsEnd) return false;
    if (kind === OPTION_MSS && optionBytes === 4) {
      const mss = u16(bytes, at + 2);
      if (mss <= limit) return false;
      writeU16(bytes, at + 2, limit);
      // an option at an odd offset lies across the checksum's 16-bit words, with its bytes exchanged
      const odd = ((at - tcp) & 1) === 1;
      adjustChecksum(bytes, tcp + TCP_CHECKSUM, odd ? swapped(mss) : mss, odd ? swapped(limit) : limit);
      return true;
    }
    at += optionBytes;
  }
  return false;
}

/** RFC 1624, equation 3. */
function adjustChecksum(bytes: Uint8Array, at: number, before: number, after: number): void {
  let sum = (~u16(bytes, at) & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  writeU16(bytes, at, ~sum & 0xffff);
}

function swapped(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}
