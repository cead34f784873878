/**
 * Bytes of rtnetlink messages (RFC 3549, linux/netlink.h): a 16-byte header, a fixed struct, then attributes of
 * 16-bit length and type. All numbers are in the machine's own byte order except addresses.
 */
import { endianness } from "node:os";
import { TunNativeError } from "../errors.ts";

export const LITTLE_ENDIAN: boolean = endianness() === "LE";

export const HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;

/** Flags of requests and answers. */
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_CAPPED = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_ACK_TLVS = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;

/** Types that end an answer. */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  /** Everything behind the header. */
  readonly body: Uint8Array;
}

export interface Attribute {
  readonly type: number;
  readonly data: Uint8Array;
}

/** A complete request; `fixed` is the struct that the type demands. */
export function buildMessage(
  type: number,
  flags: number,
  sequence: number,
  fixed: Uint8Array,
  attributes: readonly Attribute[],
): Uint8Array {
  const length = attributes.reduce(
    (sum, attribute) => sum + align(ATTRIBUTE_HEADER_BYTES + attribute.data.length),
    HEADER_BYTES + align(fixed.length),
  );
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint16(6, flags, LITTLE_ENDIAN);
  view.setUint32(8, sequence, LITTLE_ENDIAN);
  bytes.set(fixed, HEADER_BYTES);
  let at = HEADER_BYTES + align(fixed.length);
  for (const attribute of attributes) {
    view.setUint16(at, ATTRIBUTE_HEADER_BYTES + attribute.data.length, LITTLE_ENDIAN);
    view.setUint16(at + 2, attribute.type, LITTLE_ENDIAN);
    bytes.set(attribute.data, at + ATTRIBUTE_HEADER_BYTES);
    at += align(ATTRIBUTE_HEADER_BYTES + attribute.data.length);
  }
  return bytes;
}

/** Splits an answer. @throws TunNativeError `ERR_NETLINK` when lengths do not add up */
export function parseMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const length = view.getUint32(at, LITTLE_ENDIAN);
    if (length < HEADER_BYTES || at + length > bytes.length) throw malformed(`message of ${length} bytes`);
    messages.push({
      type: view.getUint16(at + 4, LITTLE_ENDIAN),
      flags: view.getUint16(at + 6, LITTLE_ENDIAN),
      body: bytes.subarray(at + HEADER_BYTES, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** Attributes behind a struct of `fixedBytes`, by type. @throws TunNativeError `ERR_NETLINK` */
export function parseAttributes(body: Uint8Array, fixedBytes: number): ReadonlyMap<number, Uint8Array> {
  const view = viewOf(body);
  const attributes = new Map<number, Uint8Array>();
  let at = align(fixedBytes);
  while (at + ATTRIBUTE_HEADER_BYTES <= body.length) {
    const length = view.getUint16(at, LITTLE_ENDIAN);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > body.length) throw malformed(`attribute of ${length} bytes`);
    // The two highest bits say "nested" and "network byte order"; the rest is the type.
    attributes.set(
      view.getUint16(at + 2, LITTLE_ENDIAN) & 0x3fff,
      body.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length),
    );
    at += align(length);
  }
  return attributes;
}

/** Data of a 32-bit attribute. */
export function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, LITTLE_ENDIAN);
  return bytes;
}

/** Value of a 32-bit attribute, undefined when it is not there. */
export function readWord(data: Uint8Array | undefined): number | undefined {
  return data === undefined || data.length < 4 ? undefined : viewOf(data).getUint32(0, LITTLE_ENDIAN);
}

/** Data of a string attribute, with its end mark. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** Value of a string attribute; empty when it is not there. */
export function readString(data: Uint8Array | undefined): string {
  if (data === undefined) return "";
  const end = data.indexOf(0);
  return new TextDecoder().decode(end < 0 ? data : data.subarray(0, end));
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function align(bytes: number): number {
  return (bytes + 3) & ~3;
}

function malformed(what: string): TunNativeError {
  return new TunNativeError({ code: "ERR_NETLINK", message: `netlink: ${what} does not fit the kernel's answer` });
}
