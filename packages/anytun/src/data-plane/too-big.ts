/**
 * The answer to a frame that is too long for the tunnel: ICMP "fragmentation needed" (RFC 792, RFC 1191 section 4) or
 * ICMPv6 "packet too big" (RFC 4443 section 3.2).
 *
 * The answer seems to come from the host that the frame was for. The tunnel may have no address, as a bridged TAP
 * device, and what arrives from a device with one of the host's own addresses is dropped as martian; the destination
 * is routed to this very device, so it passes every reverse path filter.
 *
 * IPv4 without "don't fragment" is answered too. The end of the frame is lost already, so it cannot be sent in
 * fragments, and a sender that is told fragments by itself from then on: one that is not told goes on for nothing.
 */
import { IPV4_HEADER_BYTES, IPV6_HEADER_BYTES, ipOffset, u16, writeU16 } from "./frame-layout.ts";
import { internetChecksum } from "./internet-checksum.ts";

/** Bytes of the longest answer: an IPv6 packet that passes everywhere, behind an Ethernet header with a VLAN tag. */
export const MOST_ANSWER_BYTES: number = 18 + 1280;

const MOST_IPV4_BYTES = 576;
const MOST_IPV6_BYTES = 1280;
const ICMP_HEADER_BYTES = 8;
const MAC_BYTES = 6;
/** In the first byte of a MAC address: broadcast or multicast. */
const MAC_IS_GROUP = 0x01;
const HOP_LIMIT = 64;
const PROTOCOL_ICMP = 1;
const PROTOCOL_ICMPV6 = 58;
const IPV4_SOURCE = 12;
const IPV4_DESTINATION = 16;
const IPV4_FRAGMENT_OFFSET = 0x1fff;
const IPV6_SOURCE = 8;
const IPV6_DESTINATION = 24;
const IPV6_FRAGMENT_OFFSET = 0xfff8;
const EXTENSION_UNIT_BYTES = 8;
const ICMPV6_REDIRECT = 137;

/**
 * Writes the answer to a frame, link header included.
 * @param bytes arena; `[offset, offset + length)` is the frame, or as much of its beginning as there is
 * @param ethernet whether the frame begins with an Ethernet header
 * @param frameBytes longest frame that fits; the MTU that is told is what this leaves for the IP packet
 * @param out gets at most {@link MOST_ANSWER_BYTES} at `to`; not the memory of the frame
 * @returns bytes of the answer; 0 when the frame says itself that it fits, or must not be answered: it is an ICMP
 *   error, a later fragment, not IP, or its source or destination is not one host (RFC 1122 section 3.2.2, RFC 4443
 *   section 2.4). Packets to IPv6 multicast might be answered, but by an address of ours only.
 */
export function writeTooBig(
  bytes: Uint8Array,
  offset: number,
  length: number,
  ethernet: boolean,
  frameBytes: number,
  out: Uint8Array,
  to: number,
): number {
  const end = offset + length;
  const ip = ethernet ? ipOffset(bytes, offset, end) : offset;
  if (ip < 0 || end - ip < IPV4_HEADER_BYTES) return 0;
  const link = ip - offset;
  if (ethernet && (((bytes[offset] ?? 0) | (bytes[offset + MAC_BYTES] ?? 0)) & MAC_IS_GROUP) !== 0) return 0;
  const mtu = frameBytes - link;
  const version = (bytes[ip] ?? 0) >> 4;
  let packet = 0;
  if (version === 4 && mayAnswer4(bytes, ip, end, mtu)) packet = writeIpv4(bytes, ip, end, mtu, out, to + link);
  if (version === 6 && mayAnswer6(bytes, ip, end, mtu)) packet = writeIpv6(bytes, ip, end, mtu, out, to + link);
  if (packet === 0) return 0;
  if (ethernet) {
    copy(bytes, offset + MAC_BYTES, MAC_BYTES, out, to);
    copy(bytes, offset, MAC_BYTES, out, to + MAC_BYTES);
    copy(bytes, offset + 2 * MAC_BYTES, link - 2 * MAC_BYTES, out, to + 2 * MAC_BYTES);
  }
  return link + packet;
}

function mayAnswer4(bytes: Uint8Array, ip: number, end: number, mtu: number): boolean {
  const header = ((bytes[ip] ?? 0) & 0x0f) * 4;
  if (header < IPV4_HEADER_BYTES || ip + header >= end || u16(bytes, ip + 2) <= mtu) return false;
  if ((u16(bytes, ip + 6) & IPV4_FRAGMENT_OFFSET) !== 0) return false;
  if (!isHost4(bytes, ip + IPV4_SOURCE) || !isHost4(bytes, ip + IPV4_DESTINATION)) return false;
  return bytes[ip + 9] !== PROTOCOL_ICMP || isQuery4(bytes[ip + header] ?? 0);
}

/** Neither "this network", loopback, multicast, reserved nor broadcast. */
function isHost4(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at] ?? 0;
  return first !== 0 && first !== 127 && first < 224;
}

/** ICMP types that ask or reply, and report no error: echo, router discovery, timestamp to mask, extended echo. */
function isQuery4(type: number): boolean {
  return type === 0 || (type >= 8 && type <= 10) || (type >= 13 && type <= 18) || type === 42 || type === 43;
}

function mayAnswer6(bytes: Uint8Array, ip: number, end: number, mtu: number): boolean {
  if (IPV6_HEADER_BYTES + u16(bytes, ip + 4) <= mtu) return false;
  if (!isHost6(bytes, ip + IPV6_SOURCE) || !isHost6(bytes, ip + IPV6_DESTINATION)) return false;
  let next = bytes[ip + 6];
  let at = ip + IPV6_HEADER_BYTES;
  while (at + EXTENSION_UNIT_BYTES <= end) {
    const header = at;
    switch (next) {
      case 0: // hop by hop
      case 43: // routing
      case 60: // destination options
        at += ((bytes[header + 1] ?? 0) + 1) * EXTENSION_UNIT_BYTES;
        break;
      case 51: // authentication
        at += ((bytes[header + 1] ?? 0) + 2) * 4;
        break;
      case 44: // fragment
        if ((u16(bytes, header + 2) & IPV6_FRAGMENT_OFFSET) !== 0) return false;
        at += EXTENSION_UNIT_BYTES;
        break;
      case PROTOCOL_ICMPV6: {
        const type = bytes[header] ?? 0;
        return type >= 128 && type !== ICMPV6_REDIRECT;
      }
      default:
        return true;
    }
    next = bytes[header];
  }
  return false;
}

/** Neither multicast, unspecified nor loopback. */
function isHost6(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xff) return false;
  for (let i = 0; i < 15; i++) if (bytes[at + i] !== 0) return true;
  return (bytes[at + 15] ?? 0) > 1;
}

function writeIpv4(bytes: Uint8Array, ip: number, end: number, mtu: number, out: Uint8Array, to: number): number {
  const quoted = Math.min(end - ip, MOST_IPV4_BYTES - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES);
  const total = IPV4_HEADER_BYTES + ICMP_HEADER_BYTES + quoted;
  out[to] = 0x45;
  out[to + 1] = 0xc0; // internetwork control (RFC 1812 section 4.3.2.5)
  writeU16(out, to + 2, total);
  writeU16(out, to + 4, 0);
  writeU16(out, to + 6, 0x4000); // whole and never cut, so it needs no identification (RFC 6864)
  out[to + 8] = HOP_LIMIT;
  out[to + 9] = PROTOCOL_ICMP;
  writeU16(out, to + 10, 0);
  copy(bytes, ip + IPV4_DESTINATION, 4, out, to + IPV4_SOURCE);
  copy(bytes, ip + IPV4_SOURCE, 4, out, to + IPV4_DESTINATION);
  writeU16(out, to + 10, internetChecksum(out, to, IPV4_HEADER_BYTES, 0));
  const icmp = to + IPV4_HEADER_BYTES;
  writeU16(out, icmp, 0x0304); // destination unreachable, fragmentation needed
  writeU16(out, icmp + 2, 0);
  writeU16(out, icmp + 4, 0);
  writeU16(out, icmp + 6, mtu);
  copy(bytes, ip, quoted, out, icmp + ICMP_HEADER_BYTES);
  writeU16(out, icmp + 2, internetChecksum(out, icmp, ICMP_HEADER_BYTES + quoted, 0));
  return total;
}

function writeIpv6(bytes: Uint8Array, ip: number, end: number, mtu: number, out: Uint8Array, to: number): number {
  const quoted = Math.min(end - ip, MOST_IPV6_BYTES - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES);
  const payload = ICMP_HEADER_BYTES + quoted;
  writeU16(out, to, 0x6000);
  writeU16(out, to + 2, 0);
  writeU16(out, to + 4, payload);
  out[to + 6] = PROTOCOL_ICMPV6;
  out[to + 7] = HOP_LIMIT;
  copy(bytes, ip + IPV6_DESTINATION, 16, out, to + IPV6_SOURCE);
  copy(bytes, ip + IPV6_SOURCE, 16, out, to + IPV6_DESTINATION);
  const icmp = to + IPV6_HEADER_BYTES;
  writeU16(out, icmp, 0x0200);
  writeU16(out, icmp + 2, 0);
  writeU16(out, icmp + 4, mtu >>> 16);
  writeU16(out, icmp + 6, mtu);
  copy(bytes, ip, quoted, out, icmp + ICMP_HEADER_BYTES);
  // the addresses lie before the message, so that both are one run; length and protocol complete the pseudo header
  const sum = internetChecksum(out, to + IPV6_SOURCE, 32 + payload, payload + PROTOCOL_ICMPV6);
  writeU16(out, icmp + 2, sum);
  return IPV6_HEADER_BYTES + payload;
}

function copy(from: Uint8Array, at: number, count: number, out: Uint8Array, to: number): void {
  for (let i = 0; i < count; i++) out[to + i] = from[at + i] ?? 0;
}
