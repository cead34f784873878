/** Where things are in the frames of a device, for the few places that look into them; all numbers are big endian. */

export const ETHERNET_HEADER_BYTES = 14;
export const IPV4_HEADER_BYTES = 20;
export const IPV6_HEADER_BYTES = 40;
const VLAN_TAG_BYTES = 4;
const ETHER_TYPE_VLAN = 0x8100;
const ETHER_TYPE_IPV4 = 0x0800;
const ETHER_TYPE_IPV6 = 0x86dd;

/** Offset of the IP packet in an Ethernet frame, with or without one VLAN tag; -1 when there is none. */
export function ipOffset(bytes: Uint8Array, offset: number, end: number): number {
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

export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}
