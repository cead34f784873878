/** A piece of a TCP stream, for the warm-up: segments that a device joins, so with checksums that are right. */
import type { DeviceKind } from "satp-core";
import { IPV4_HEADER_BYTES, writeU16 } from "./frame-layout.ts";
import { internetChecksum } from "./internet-checksum.ts";
import { ETHERNET_IPV4 } from "./sample-frames.ts";

const TCP_HEADER_BYTES = 20;
const PAYLOAD_BYTES = 1200;
const TCP = 6;
// whole, from one address reserved for documentation to another
const IPV4 = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, TCP, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
// from port 9 to port 9, with nothing but an acknowledgement
const SEGMENT = [0, 9, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0x50, 0x10, 255, 255, 0, 0, 0, 0];

/** Frames one after the other of one stream. */
export function sampleStream(kind: DeviceKind, count: number): readonly Uint8Array[] {
  const ethernet = kind === "tap" ? ETHERNET_IPV4 : [];
  return Array.from({ length: count }, (_, index) => Uint8Array.from([...ethernet, ...packet(index * PAYLOAD_BYTES)]));
}

function packet(sequence: number): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_BYTES + TCP_HEADER_BYTES + PAYLOAD_BYTES);
  bytes.set([...IPV4, ...SEGMENT]);
  writeU16(bytes, 2, bytes.length);
  writeU16(bytes, 10, internetChecksum(bytes, 0, IPV4_HEADER_BYTES, 0));
  writeU16(bytes, IPV4_HEADER_BYTES + 4, sequence >>> 16);
  writeU16(bytes, IPV4_HEADER_BYTES + 6, sequence);
  // the addresses lie before the segment, so that both are one run; length and protocol complete the pseudo header
  const segmentBytes = bytes.length - IPV4_HEADER_BYTES;
  const sum = internetChecksum(bytes, IPV4_HEADER_BYTES - 8, 8 + segmentBytes, segmentBytes + TCP);
  writeU16(bytes, IPV4_HEADER_BYTES + 16, sum);
  return bytes;
}
