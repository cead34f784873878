/** One frame of each ordinary kind, for the warm-up. Addresses are those reserved for documentation. */
import type { DeviceKind } from "satp-core";

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const SYN = 0x02;
const ACK = 0x10;
const PAYLOAD = new Uint8Array(40);
export const ETHERNET_IPV4: readonly number[] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00];
const ETHERNET_IPV6 = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd];
const VLAN_IPV4 = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0x00, 0, 5, 0x08, 0x00];
const ARP = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1];

/** What a device of this kind delivers and takes: IP packets, or Ethernet frames around them. */
export function sampleFrames(kind: DeviceKind): readonly Uint8Array[] {
  const four = [
    ipv4(ICMP, [8, 0, 0, 0]),
    ipv4(UDP, [0, 9, 0, 9, 0, 48, 0, 0]),
    ipv4(TCP, tcp(ACK, [])),
    // options as Linux sends them: segment size, selective acknowledgements, no operation, window scale
    ipv4(TCP, tcp(SYN, [2, 4, 5, 180, 4, 2, 1, 1, 1, 3, 3, 7])),
    ipv4(TCP, tcp(ACK, []), 100),
  ];
  const six = [
    ipv6(UDP, [0, 9, 0, 9, 0, 48, 0, 0]),
    ipv6(TCP, tcp(ACK, [])),
    ipv6(TCP, tcp(SYN, [1, 2, 4, 5, 160, 0])),
  ];
  if (kind === "tun") return [...four, ...six];
  return [
    ...four.map((packet) => Uint8Array.from([...ETHERNET_IPV4, ...packet])),
    ...six.map((packet) => Uint8Array.from([...ETHERNET_IPV6, ...packet])),
    ...four.map((packet) => Uint8Array.from([...VLAN_IPV4, ...packet])),
    Uint8Array.from([...ARP, ...PAYLOAD]),
  ];
}

/** @param fragment its offset in units of 8 bytes; 0 = the packet is whole */
function ipv4(protocol: number, segment: readonly number[], fragment = 0): Uint8Array {
  const bytes = 20 + segment.length + PAYLOAD.length;
  const start = [0x45, 0, 0, bytes, 0, 0, 0, fragment, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
  return Uint8Array.from([...start, ...segment, ...PAYLOAD]);
}

function ipv6(protocol: number, segment: readonly number[]): Uint8Array {
  const start = [0x60, 0, 0, 0, 0, segment.length + PAYLOAD.length, protocol, 64];
  const address = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  return Uint8Array.from([...start, ...address, ...address, ...segment, ...PAYLOAD]);
}

function tcp(flags: number, options: readonly number[]): number[] {
  const headerWords = 5 + Math.ceil(options.length / 4);
  const padding = new Array<number>(headerWords * 4 - 20 - options.length).fill(0);
  return [0, 9, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, headerWords << 4, flags, 255, 255, 0, 0, 0, 0, ...options, ...padding];
}
