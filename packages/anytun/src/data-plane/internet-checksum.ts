import { u16 } from "./frame-layout.ts";

/** RFC 1071, of `count` bytes and of `more`, a sum of words. */
export function internetChecksum(bytes: Uint8Array, at: number, count: number, more: number): number {
  let sum = more;
  const even = count - (count % 2);
  for (let i = 0; i < even; i += 2) sum += u16(bytes, at + i);
  if (even < count) sum += (bytes[at + even] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
