/** Prefixes: the part of an address that all hosts of a network share. */
import { checkRange, SatpError } from "../errors.ts";
import { type Address, type AddressWords, formatAddress, tryParseAddress } from "./address.ts";

/** A network. The bits behind `length` are zero in every prefix made by the functions of this file. */
export interface Prefix extends Address {
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly length: number;
}

/**
 * The network of an address: clears the host bits.
 * @throws SatpError `out-of-range` for a length that the family does not have
 */
export function prefixOf(address: Address, length: number): Prefix {
  checkRange("prefix length", length, 0, addressBits(address.family));
  const [a, b, c, d] = address.words;
  const words: AddressWords = [
    maskWord(a, length),
    maskWord(b, length - 32),
    maskWord(c, length - 64),
    maskWord(d, length - 96),
  ];
  return { family: address.family, words, length };
}

/**
 * Network of a text like `10.0.0.0/8` or `fd00::/8`; host bits are cleared.
 * @throws SatpError `bad-prefix`
 */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf("/");
  const address = slash < 0 ? undefined : tryParseAddress(text.slice(0, slash));
  const length = parseLength(text, slash + 1);
  if (address === undefined || length < 0 || length > addressBits(address.family)) {
    throw new SatpError("bad-prefix", `'${text}': expected ADDRESS/LENGTH, like 10.0.0.0/8 or fd00::/8`);
  }
  return prefixOf(address, length);
}

/** Canonical text. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

/** Bits of an address. */
export function addressBits(family: 4 | 6): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** `word` with only its first `length` bits, unsigned; below 0 counts as 0 and above 32 as 32. */
export function maskWord(word: number, length: number): number {
  if (length <= 0) return 0;
  if (length >= 32) return word >>> 0;
  return (word & (-1 << (32 - length))) >>> 0;
}

/** One to three decimal digits without leading zero to the end of the text, or -1. */
function parseLength(text: string, from: number): number {
  const digits = text.length - from;
  if (digits < 1 || digits > 3 || (digits > 1 && text.charCodeAt(from) === 0x30)) return -1;
  let value = 0;
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
