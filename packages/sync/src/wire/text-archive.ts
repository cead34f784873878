/**
 * Tokens of the text archive: decimal numbers and counted texts with blanks between them (spec: sync-protocol.md 3).
 *
 * The reader takes what the originals take and is never ahead of the bytes that are there: a count larger than the archive
 * ends it, nothing is allocated for it.
 */

/** Archive version that every original reads. */
export const ARCHIVE_VERSION = 18;

const SIGNATURE = "serialization::archive";

/** Why an archive is refused, in the words of the originals where they have any. */
export type ArchiveFault =
  | "invalid signature"
  | "unsupported version"
  /** A token is missing, is not a number, or is out of range. */
  | "input stream error"
  /** Text that is not an address. */
  | "Invalid argument"
  /** An address type that ends an original with a failed assertion. */
  | "unknown address type";

const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;
/** Far above every range and exactly representable with all its successors below 2⁵³. */
const TOO_LARGE = 1e15;
const MAX_U64_DIGITS = 20;
const EMPTY = new Uint8Array(0);

/**
 * Reads one archive. The first fault sticks: every later read gives 0 or nothing, so that callers look at `fault` once, at
 * the end.
 */
export class ArchiveReader {
  fault: ArchiveFault | undefined;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** What no token has taken yet. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  /** Signature and version. */
  header(): void {
    const text = this.#text(true);
    if (this.fault !== undefined) return;
    if (text !== SIGNATURE) this.fault = "invalid signature";
    else if (this.u16() > ARCHIVE_VERSION) this.fault ??= "unsupported version";
  }

  /**
   * Tracking flag and class version, and the object id that follows when objects are tracked.
   * @returns whether every later object of this class has an object id before it, see {@link objectId}
   */
  preamble(): boolean {
    const tracking = this.#integer(0, 1);
    this.u32();
    if (tracking === 1) this.objectId();
    return tracking === 1;
  }

  objectId(): void {
    this.u32();
  }

  /** 0 to 65535; negative numbers count modulo 65536, as they do for the originals. */
  u16(): number {
    return this.#unsigned(0xffff);
  }

  /** What the originals read as 16 bits and cut to 8. */
  u8(): number {
    return this.#unsigned(0xffff) & 0xff;
  }

  /** 0 to 2³²−1, negative numbers modulo 2³². */
  u32(): number {
    return this.#unsigned(0xffffffff);
  }

  i32(): number {
    return this.#integer(-0x80000000, 0x7fffffff);
  }

  /** 0 to 10¹⁵: what our own commands count time in. */
  milliseconds(): number {
    return this.#integer(0, TOO_LARGE);
  }

  u64(): bigint {
    const digits = this.#digits();
    if (digits === undefined) return this.#fail(0n);
    const magnitude = BigInt(digits.text);
    if (digits.text.length > MAX_U64_DIGITS || magnitude >= 1n << 64n) return this.#fail(0n);
    return digits.negative ? BigInt.asUintN(64, -magnitude) : magnitude;
  }

  /** A counted text, one character for each byte. Exactly one byte, whatever it is, stands between count and text. */
  text(): string {
    return this.#text(false);
  }

  /** So many numbers of one byte each. */
  byteList(count: number): Uint8Array {
    // each takes two bytes at least: a larger count cannot be true
    if (count > (this.#bytes.length - this.#at) / 2) return this.#fail(EMPTY);
    const list = new Uint8Array(count);
    for (let i = 0; i < count && this.fault === undefined; i++) list[i] = this.u8();
    return list;
  }

  /** @param isSignature a text that is too short is a wrong signature, not a missing token */
  #text(isSignature: boolean): string {
    const count = this.u32();
    if (this.fault !== undefined) return "";
    const start = this.#at + 1;
    const end = start + count;
    if (end > this.#bytes.length) {
      if (isSignature) this.fault = "invalid signature";
      return this.#fail("");
    }
    this.#at = end;
    return this.#bytes.toString("latin1", start, end);
  }

  #unsigned(most: number): number {
    const value = this.#integer(-most, most);
    return value < 0 ? value + most + 1 : value;
  }

  #integer(least: number, most: number): number {
    if (this.fault !== undefined) return 0;
    const bytes = this.#bytes;
    this.#skipBlanks();
    const sign = bytes[this.#at];
    if (sign === MINUS || sign === PLUS) this.#at++;
    const first = this.#at;
    let value = 0;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte === undefined || byte < ZERO || byte > NINE) break;
      if (value < TOO_LARGE) value = value * 10 + byte - ZERO;
      this.#at++;
    }
    if (sign === MINUS) value = -value;
    if (this.#at === first || value < least || value > most) return this.#fail(0);
    // -0 is not a number of the protocol
    return value + 0;
  }

  #digits(): { text: string; negative: boolean } | undefined {
    if (this.fault !== undefined) return undefined;
    this.#skipBlanks();
    const sign = this.#bytes[this.#at];
    if (sign === MINUS || sign === PLUS) this.#at++;
    const first = this.#at;
    while (isDigit(this.#bytes[this.#at])) this.#at++;
    if (this.#at === first) return undefined;
    const text = this.#bytes.toString("latin1", first, this.#at).replace(/^0+(?=.)/, "");
    return { text: text.slice(0, MAX_U64_DIGITS + 1), negative: sign === MINUS };
  }

  #skipBlanks(): void {
    while (isBlank(this.#bytes[this.#at])) this.#at++;
  }

  #fail<T>(nothing: T): T {
    this.fault ??= "input stream error";
    return nothing;
  }
}

/** Begins an archive: its header and the first preamble. What follows is appended as text. */
export function archiveStart(): string {
  return `${SIGNATURE.length} ${SIGNATURE} ${ARCHIVE_VERSION} 0 0`;
}

/** A counted text. @param text one byte for each character */
export function countedText(text: string): string {
  return `${text.length} ${text}`;
}

/** A count and the bytes as numbers; the count alone when there are none. */
export function byteListText(bytes: Uint8Array): string {
  return bytes.length === 0 ? "0" : `${bytes.length} ${bytes.join(" ")}`;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
