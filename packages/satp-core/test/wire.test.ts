import { describe, expect, it } from "vitest";
import { readMux, readPayloadType, readSenderId, readSequence, viewOf, writeHeader } from "../src/wire/header.ts";
import { maxInteropFrame } from "../src/wire/layout.ts";
import { deviceTakes, ipPayloadType, NOT_IP, PayloadType } from "../src/wire/payload-type.ts";
import { toHex } from "./support/vectors.ts";

describe("header", () => {
  it.each([
    [0, 0, 0, 0, "00000000000000000000"],
    [0x01020304, 0x1234, 0xabcd, 0x86dd, "010203041234abcd86dd"],
    [0xffffffff, 0xffff, 0xffff, 0x6558, "ffffffffffffffff6558"],
    [0x80000000, 1, 0x100, 0x0800, "80000000000101000800"],
  ])("%i %i %i %i", (sequence, senderId, mux, type, hex) => {
    const bytes = new Uint8Array(14).fill(0x55);
    writeHeader(viewOf(bytes), 2, sequence, senderId, mux, type);
    expect(toHex(bytes)).toBe(`5555${hex}5555`);
    expect([readSequence(bytes, 2), readSenderId(bytes, 2), readMux(bytes, 2), readPayloadType(bytes, 2)]).toEqual([
      sequence,
      senderId,
      mux,
      type,
    ]);
  });
});

describe("payload type", () => {
  it("of a tun frame is its version nibble", () => {
    const types = Array.from({ length: 16 }, (_, nibble) => ipPayloadType((nibble << 4) | 5));
    const expected = types.map((_, nibble) => (nibble === 4 ? 0x0800 : nibble === 6 ? 0x86dd : NOT_IP));
    expect(types).toEqual(expected);
  });

  it.each([
    ["tun", PayloadType.ipv4, true],
    ["tun", PayloadType.ipv6, true],
    ["tun", PayloadType.ethernet, false],
    ["tun", 0, false],
    ["tun", 0x0008, false],
    ["tap", PayloadType.ethernet, true],
    ["tap", PayloadType.ipv4, false],
    ["tap", PayloadType.ipv6, false],
    ["tap", 0xffff, false],
  ] as const)("%s takes 0x%s: %s", (kind, type, takes) => {
    expect(deviceTakes(kind, type)).toBe(takes);
  });
});

describe("sizes", () => {
  it.each([
    [0, 1590],
    [10, 1580],
    [20, 1570],
  ])("with tags of %i bytes a frame of %i is received intact everywhere", (tagBytes, frame) => {
    expect(maxInteropFrame(tagBytes)).toBe(frame);
  });
});
