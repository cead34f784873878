/**
 * Between device and tunnel, both ways: TCP connections learn at their start which segments fit through the tunnel.
 * Hosts behind this one do not know its MTU, and path MTU discovery fails where ICMP is filtered; the maximum segment
 * size in SYN packets (RFC 9293, 3.7.1) always arrives.
 */
const ETHERNET_HEADER_BYTES = 14;
const VLAN_TAG_BYTES = 4;
const ETHER_TYPE_VLAN = 0x8100;
const ETHER_TYPE_IPV4 = 0x0800;
const ETHER_TYPE_IPV6 = 0x86dd;
const PROTOCOL_TCP = 6;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const TCP_HEADER_BYTES = 20;
const TCP_CHECKSUM = 16;
const FLAG_SYN = 0x02;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
/**
 * Lowers the MSS option of a TCP SYN that announces more than fits; leaves every other frame alone.
 * @param bytes arena; `[offset, offset + length)` is the frame
 * @param ethernet whether the frame begins with an Ethernet header
 * @param packetBytes longest IP packet that fits
 * @returns whether the frame was changed (its checksum with it)
 */
export function clampMss(bytes, offset, length, ethernet, packetBytes) {
  const end = offset + length;
  const ip = ethernet ? ipOffset(bytes, offset, end) : offset;
  if (ip < 0 || end - ip < IPV4_HEADER_BYTES + TCP_HEADER_BYTES) return false;
  const version = (bytes[ip] ?? 0) >> 4;
  let tcp;
  if (version === 4) {
    const fragment = u16(bytes, ip + 6) & 0x1fff;
    if (bytes[ip + 9] !== PROTOCOL_TCP || fragment !== 0) return false;
    tcp = ip + ((bytes[ip] ?? 0) & 0x0f) * 4;
  } else {
    if (version !== 6 || bytes[ip + 6] !== PROTOCOL_TCP) return false;
    tcp = ip + IPV6_HEADER_BYTES;
  }
  if (tcp + TCP_HEADER_BYTES > end || ((bytes[tcp + 13] ?? 0) & FLAG_SYN) === 0) return false;
  const limit = packetBytes - (version === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) - TCP_HEADER_BYTES;
  return lowerOption(bytes, tcp, end, limit);
}
/** Offset of the IP packet in an Ethernet frame, with or without one VLAN tag; -1 when there is none. */
function ipOffset(bytes, offset, end) {
  let at = offset + ETHERNET_HEADER_BYTES;
  if (at > end) return -1;
  let type = u16(bytes, at - 2);
  if (type === ETHER_TYPE_VLAN) {
    at += VLAN_TAG_BYTES;
    if (at > end) return -1;
    type = u16(bytes, at - 2);
  }
  return type === ETHER_TYPE_IPV4 || type === ETHER_TYPE_IPV6 ? at : -1;
}
function lowerOption(bytes, tcp, end, limit) {
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
function adjustChecksum(bytes, at, before, after) {
  let sum = (~u16(bytes, at) & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  writeU16(bytes, at, ~sum & 0xffff);
}
function swapped(word) {
  return ((word & 0xff) << 8) | (word >>> 8);
}
function u16(bytes, at) {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
function writeU16(bytes, at, value) {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}
//# sourceMappingURL=mss-clamp.js.map
