/**
 * Prefixes that stop an original for ever: the length is not a multiple of 8 and the significant bits of the last, partial
 * byte are all ones (spec: sync-protocol.md 8.3). They are never written; several harmless ones say the same.
 */
import { type Address, type Prefix, prefixOf } from "satp-core";

/** Whether an original that reads this prefix never comes back. Lengths beyond the family's count as its longest. */
export function hangsOriginals({ words }: Address, length: number): boolean {
  const bits = length % 8;
  const at = length - bits;
  if (bits === 0 || at >= 128) return false;
  const byte = ((words[at >>> 5] ?? 0) >>> (24 - (at & 31))) & 0xff;
  const mask = (0xff << (8 - bits)) & 0xff;
  return (byte & mask) === mask;
}

/**
 * Prefixes that together are this one and that every original can take: the lower half is always harmless, and so is what
 * remains once its length is a multiple of 8.
 */
export function safePrefixes(prefix: Prefix): Prefix[] {
  const safe: Prefix[] = [];
  let rest = prefix;
  while (hangsOriginals(rest, rest.length)) {
    const length = rest.length + 1;
    safe.push(prefixOf(rest, length));
    rest = prefixOf(withBit(rest, rest.length), length);
  }
  safe.push(rest);
  return safe;
}

/** The address with bit `index`, counted from the first, set. */
function withBit({ family, words }: Address, index: number): Address {
  const bit = (0x80000000 >>> (index & 31)) >>> 0;
  const word = (at: number, value: number): number => (at === index >>> 5 ? (value | bit) >>> 0 : value);
  return { family, words: [word(0, words[0]), word(1, words[1]), word(2, words[2]), word(3, words[3])] };
}
