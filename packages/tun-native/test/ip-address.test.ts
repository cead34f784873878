import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createPacketBatch,
  endpointAddress,
  formatAddress,
  parseAddress,
  parsePrefix,
  writeEndpoint,
} from "../src/index.ts";

describe("addresses", () => {
  it.each([
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["fe80::1%eth0", "fe80::1"],
  ])("%s is written %s", (text, canonical) => {
    expect(formatAddress(parseAddress(text).bytes)).toBe(canonical);
  });

  it.each(["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4 ", ":::", "1::2::3", "12345::", "fe80::1%", "host"])(
    "%j is none",
    (text) => {
      expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
    },
  );

  it("survive text and endpoint rows", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(bytes, (address) => {
        const text = formatAddress(address);
        expect([...parseAddress(text).bytes]).toEqual([...address]);
        const { endpoints } = createPacketBatch({ capacity: 2, bytes: 128 });
        writeEndpoint(endpoints, 1, parseAddress(text), 4444, 7);
        expect(endpointAddress(endpoints, 1)).toBe(text);
        expect([...endpoints.subarray(8, 11)]).toEqual([address.length === 4 ? 4 : 6, 4444, 7]);
        expect(endpointAddress(endpoints, 0)).toBe("");
      }),
    );
  });
});

describe("prefixes", () => {
  it.each([
    ["10.0.0.1/24", 24],
    ["10.0.0.1", 32],
    ["::/0", 0],
    ["fd00::1", 128],
  ])("%s has %i bits", (text, prefixLength) => {
    expect(parsePrefix(text).prefixLength).toBe(prefixLength);
  });

  it.each(["10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/8.5", "fd00::1/129", "/8", "10.0.0.1/8/8"])(
    "%s is none",
    (text) => {
      expect(() => parsePrefix(text)).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
    },
  );
});
