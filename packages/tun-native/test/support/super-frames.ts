/** Super-frames and what must become of them, written down naively: the judge of the addon's segmentation and joining. */

export interface FrameOptions {
  readonly family: 4 | 6;
  readonly protocol: "tcp" | "udp";
  /** TCP options, or nothing; a multiple of four bytes. */
  readonly tcpOptions?: Uint8Array;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  readonly tcpFlags?: number;
  readonly sequence?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly sourcePort?: number;
  /** Last byte of the source address. */
  readonly source?: number;
  readonly hopLimit?: number;
  /** Bytes before the IP header: Ethernet, perhaps with VLAN tags. */
  readonly link?: Uint8Array;
  /** IPv4 options or IPv6 extension headers (already chained to the transport). */
  readonly extension?: { readonly first: number; readonly bytes: Uint8Array };
}

export interface Vnet {
  readonly flags: number;
  readonly gsoType: number;
  readonly headerBytes: number;
  readonly segmentBytes: number;
  readonly checksumStart: number;
  readonly checksumOffset: number;
}

export const VNET_BYTES = 10;
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const PROTOCOL = { tcp: 6, udp: 17 } as const;
const CHECKSUM_OFFSET = { tcp: 16, udp: 6 } as const;

/** Ethernet header without the type; the type is that of the family. */
export function ethernet(family: 4 | 6, ...vlans: number[]): Uint8Array {
  const tags = vlans.flatMap((id) => [0x81, 0x00, id >> 8, id & 0xff]);
  return Uint8Array.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...tags, ...(family === 4 ? [8, 0] : [0x86, 0xdd])]);
}

/** RFC 1071, word by word. */
export function internetChecksum(...parts: Uint8Array[]): number {
  const all = Buffer.concat(parts);
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += ((all[i] ?? 0) << 8) | (all[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

interface Layout {
  readonly family: 4 | 6;
  readonly protocol: "tcp" | "udp";
  readonly network: number;
  readonly transport: number;
  readonly headers: number;
}

function layoutOf(options: FrameOptions): Layout {
  const { family, protocol, link, extension, tcpOptions } = options;
  const network = link?.length ?? 0;
  const transport = network + (family === 4 ? 20 : 40) + (extension?.bytes.length ?? 0);
  const headers = transport + (protocol === "tcp" ? 20 + (tcpOptions?.length ?? 0) : 8);
  return { family, protocol, network, transport, headers };
}

function pseudoHeader(frame: Buffer, { family, protocol, network, transport }: Layout): Buffer {
  const addresses =
    family === 4 ? frame.subarray(network + 12, network + 20) : frame.subarray(network + 8, network + 40);
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(frame.length - transport, 0);
  tail.writeUInt32BE(PROTOCOL[protocol], 4);
  return Buffer.concat([addresses, tail]);
}

function finish(frame: Buffer, layout: Layout): void {
  const { family, protocol, network, transport } = layout;
  if (family === 4) {
    frame.writeUInt16BE(frame.length - network, network + 2);
    frame.writeUInt16BE(0, network + 10);
    const headerBytes = ((frame[network] ?? 0) & 15) * 4;
    frame.writeUInt16BE(internetChecksum(frame.subarray(network, network + headerBytes)), network + 10);
  } else {
    frame.writeUInt16BE(frame.length - network - 40, network + 4);
  }
  if (protocol === "udp") frame.writeUInt16BE(frame.length - transport, transport + 4);
  const field = transport + CHECKSUM_OFFSET[protocol];
  frame.writeUInt16BE(0, field);
  const sum = internetChecksum(pseudoHeader(frame, layout), frame.subarray(transport));
  frame.writeUInt16BE(sum === 0 && protocol === "udp" ? 0xffff : sum, field);
}

/** A whole frame with right lengths and checksums, however long. */
export function makeFrame(options: FrameOptions, payload: Uint8Array): Buffer {
  const layout = layoutOf(options);
  const { network, transport, headers, family, protocol } = layout;
  const { extension } = options;
  const frame = Buffer.alloc(headers + payload.length);
  frame.set(options.link ?? []);
  const next = extension?.first ?? PROTOCOL[protocol];
  if (family === 4) {
    frame[network] = 0x40 | ((transport - network) / 4);
    frame.writeUInt16BE(options.id ?? 0, network + 4);
    frame.writeUInt16BE((options.dontFragment ?? true) ? 0x4000 : 0, network + 6);
    frame.set([options.hopLimit ?? 64, PROTOCOL[protocol]], network + 8);
    frame.set([10, 0, 0, options.source ?? 1, 10, 0, 0, 2], network + 12);
    frame.set(extension?.bytes ?? [], network + 20);
  } else {
    frame[network] = 0x60;
    frame.set([next, options.hopLimit ?? 64], network + 6);
    frame.set([0xfd, ...new Array(14).fill(0), options.source ?? 1], network + 8);
    frame.set([0xfd, ...new Array(14).fill(0), 2], network + 24);
    frame.set(extension?.bytes ?? [], network + 40);
  }
  frame.writeUInt16BE(options.sourcePort ?? 1000, transport);
  frame.writeUInt16BE(2000, transport + 2);
  if (protocol === "tcp") {
    frame.writeUInt32BE(options.sequence ?? 1, transport + 4);
    frame.writeUInt32BE(77, transport + 8);
    frame[transport + 12] = ((headers - transport) / 4) << 4;
    frame[transport + 13] = options.tcpFlags ?? 16;
    frame.writeUInt16BE(500, transport + 14);
    frame.set(options.tcpOptions ?? [], transport + 20);
  }
  frame.set(payload, headers);
  finish(frame, layout);
  return frame;
}

/** Makes lengths and checksums right again after a change. */
export function repair(frame: Buffer, options: FrameOptions): Buffer {
  finish(frame, layoutOf(options));
  return frame;
}

/** What a device delivers for the frame: the vnet header that says how to cut it, and only half a checksum. */
export function superFrame(options: FrameOptions, payload: Uint8Array, segmentBytes: number): Buffer {
  const layout = layoutOf(options);
  const { transport, headers, protocol, family } = layout;
  const frame = makeFrame(options, payload);
  const field = transport + CHECKSUM_OFFSET[protocol];
  frame.writeUInt16BE(~internetChecksum(pseudoHeader(frame, layout)) & 0xffff, field);
  const ecn = protocol === "tcp" && ((options.tcpFlags ?? 0) & 128) !== 0 ? 128 : 0;
  const gsoType = (protocol === "udp" ? 5 : family === 4 ? 1 : 4) | ecn;
  const checksumOffset = CHECKSUM_OFFSET[protocol];
  return Buffer.concat([
    vnetHeader({ flags: 1, gsoType, headerBytes: headers, segmentBytes, checksumStart: transport, checksumOffset }),
    frame,
  ]);
}

/** The frames that a super-frame stands for. */
export function cutNaively(options: FrameOptions, payload: Uint8Array, segmentBytes: number): Buffer[] {
  const frames: Buffer[] = [];
  const flags = options.tcpFlags ?? 16;
  for (let at = 0; at < payload.length; at += segmentBytes) {
    const isLast = at + segmentBytes >= payload.length;
    const tcpFlags = flags & (isLast ? 255 : ~9) & (at === 0 ? 255 : ~128);
    const sequence = ((options.sequence ?? 1) + at) >>> 0;
    const id = ((options.id ?? 0) + frames.length) & 0xffff;
    frames.push(makeFrame({ ...options, tcpFlags, sequence, id }, payload.subarray(at, at + segmentBytes)));
  }
  return frames;
}

export function vnetHeader(vnet: Vnet): Buffer {
  const header = Buffer.alloc(VNET_BYTES);
  header.set([vnet.flags, vnet.gsoType]);
  [vnet.headerBytes, vnet.segmentBytes, vnet.checksumStart, vnet.checksumOffset].forEach((word, i) => {
    if (LITTLE) header.writeUInt16LE(word, 2 + i * 2);
    else header.writeUInt16BE(word, 2 + i * 2);
  });
  return header;
}

export function readVnet(header: Buffer): Vnet {
  const word = (at: number): number => (LITTLE ? header.readUInt16LE(at) : header.readUInt16BE(at));
  return {
    flags: header[0] ?? 0,
    gsoType: header[1] ?? 0,
    headerBytes: word(2),
    segmentBytes: word(4),
    checksumStart: word(6),
    checksumOffset: word(8),
  };
}

/** What a kernel makes of one write: the frames themselves, or the segments of a super-frame. */
export function unjoin(written: Buffer): Buffer[] {
  const vnet = readVnet(written);
  const frame = written.subarray(VNET_BYTES);
  if (vnet.gsoType === 0) return [Buffer.from(frame)];
  const transport = vnet.checksumStart;
  const protocol = vnet.gsoType === 5 ? "udp" : "tcp";
  const network = protocolOffset(frame, transport);
  const family = (frame[network] ?? 0) >> 4 === 4 ? 4 : 6;
  const headers = transport + (protocol === "udp" ? 8 : ((frame[transport + 12] ?? 0) >> 4) * 4);
  const layout: Layout = { family, protocol, network, transport, headers };
  const half = ~internetChecksum(pseudoHeader(frame, layout)) & 0xffff;
  if (frame.readUInt16BE(transport + CHECKSUM_OFFSET[protocol]) !== half) throw new Error("wrong half checksum");
  if (vnet.headerBytes !== headers || vnet.flags !== 1 || vnet.checksumOffset !== CHECKSUM_OFFSET[protocol]) {
    throw new Error("wrong vnet header");
  }
  const payload = frame.subarray(headers);
  const frames: Buffer[] = [];
  for (let at = 0; at < payload.length; at += vnet.segmentBytes) {
    const chunk = payload.subarray(at, at + vnet.segmentBytes);
    const segment = Buffer.concat([frame.subarray(0, headers), chunk]);
    if (family === 4) segment.writeUInt16BE((frame.readUInt16BE(network + 4) + frames.length) & 0xffff, network + 4);
    if (protocol === "tcp") {
      segment.writeUInt32BE((frame.readUInt32BE(transport + 4) + at) >>> 0, transport + 4);
      const isLast = at + vnet.segmentBytes >= payload.length;
      segment[transport + 13] = (frame[transport + 13] ?? 0) & (isLast ? 255 : ~9);
    }
    finish(segment, layout);
    frames.push(segment);
  }
  return frames;
}

function protocolOffset(frame: Buffer, transport: number): number {
  for (const network of [0, 14]) {
    const version = (frame[network] ?? 0) >> 4;
    if (network + (version === 4 ? 20 : 40) === transport) return network;
  }
  throw new Error("only frames without options and VLAN tags may be joined");
}
