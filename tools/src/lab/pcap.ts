// Reads a pcap stream as tcpdump writes it, and takes the UDP datagrams out of it.

export interface UdpDatagram {
  /** Seconds since 1970. */
  readonly time: number;
  readonly family: 4 | 6;
  /** Numeric address; IPv6 in the full form of eight groups without leading zeros. */
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** Own copy of the UDP payload. Of a fragmented datagram only what the first fragment carries. */
  readonly payload: Uint8Array;
}

const magicMicroseconds = 0xa1b2c3d4;
const etherTypeIpv4 = 0x0800;
const etherTypeIpv6 = 0x86dd;
const protocolUdp = 17;
/** Bytes before the IP packet for each pcap link type: Ethernet, raw IP (two numbers), cooked Linux. */
const linkHeaders: Readonly<Record<number, number>> = { 1: 14, 12: 0, 101: 0, 113: 16 };

/** Feed it chunks of the stream in order; it calls `found` for each complete datagram. */
export class PcapReader {
  readonly #found: (datagram: UdpDatagram) => void;
  #pending: Buffer = Buffer.alloc(0);
  #linkHeader = -1;

  constructor(found: (datagram: UdpDatagram) => void) {
    this.#found = found;
  }

  /** @throws Error on a stream that is not pcap or of a link type that cannot be read */
  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let offset = 0;
    if (this.#linkHeader < 0) {
      if (this.#pending.length < 24) return;
      if (this.#pending.readUInt32LE(0) !== magicMicroseconds) throw new Error("not a little-endian pcap stream");
      const linkType = this.#pending.readUInt32LE(20);
      const header = linkHeaders[linkType];
      if (header === undefined) throw new Error(`pcap link type ${linkType} is not supported`);
      this.#linkHeader = header;
      offset = 24;
    }
    while (this.#pending.length - offset >= 16) {
      const captured = this.#pending.readUInt32LE(offset + 8);
      if (this.#pending.length - offset < 16 + captured) break;
      const time = this.#pending.readUInt32LE(offset) + this.#pending.readUInt32LE(offset + 4) / 1e6;
      const frame = this.#pending.subarray(offset + 16, offset + 16 + captured);
      const datagram = udpOf(frame, this.#linkHeader, time);
      if (datagram !== undefined) this.#found(datagram);
      offset += 16 + captured;
    }
    this.#pending = this.#pending.subarray(offset);
  }
}

function udpOf(frame: Buffer, linkHeader: number, time: number): UdpDatagram | undefined {
  if (linkHeader >= 14 && frame.length >= linkHeader) {
    const type = frame.readUInt16BE(linkHeader - 2);
    if (type !== etherTypeIpv4 && type !== etherTypeIpv6) return undefined;
  }
  const packet = frame.subarray(linkHeader);
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4) return udpOfIpv4(packet, time);
  if (version === 6) return udpOfIpv6(packet, time);
  return undefined;
}

function udpOfIpv4(packet: Buffer, time: number): UdpDatagram | undefined {
  const headerBytes = ((packet[0] ?? 0) & 0x0f) * 4;
  if (packet.length < headerBytes + 8 || packet[9] !== protocolUdp) return undefined;
  const laterFragment = (packet.readUInt16BE(6) & 0x1fff) !== 0;
  if (laterFragment) return undefined;
  const end = Math.min(packet.length, packet.readUInt16BE(2) || packet.length);
  return {
    time,
    family: 4,
    source: packet.subarray(12, 16).join("."),
    destination: packet.subarray(16, 20).join("."),
    ...udpFields(packet.subarray(headerBytes, end)),
  };
}

function udpOfIpv6(packet: Buffer, time: number): UdpDatagram | undefined {
  if (packet.length < 48) return undefined;
  let next = packet[6];
  let offset = 40;
  const fragmentHeader = 44;
  if (next === fragmentHeader) {
    if ((packet.readUInt16BE(42) & 0xfff8) !== 0 || packet.length < 56) return undefined;
    next = packet[40];
    offset = 48;
  }
  if (next !== protocolUdp) return undefined;
  return {
    time,
    family: 6,
    source: ipv6Text(packet.subarray(8, 24)),
    destination: ipv6Text(packet.subarray(24, 40)),
    ...udpFields(packet.subarray(offset)),
  };
}

function udpFields(udp: Buffer): { sourcePort: number; destinationPort: number; payload: Uint8Array } {
  // Length 0 is what the kernel shows of a datagram that it has not yet cut into segments.
  const length = udp.readUInt16BE(4) || udp.length;
  return {
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    payload: Uint8Array.from(udp.subarray(8, Math.min(length, udp.length))),
  };
}

function ipv6Text(bytes: Buffer): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  return groups.join(":");
}
