import fc from "fast-check";
import { formatPrefix, type Prefix, parsePrefix, prefixOf } from "satp-core";
import { describe, expect, it } from "vitest";
import {
  formatHostAddress,
  formatHostEndpoint,
  hangsOriginals,
  isUnspecified,
  parseHostAddress,
  safePrefixes,
} from "../../src/index.ts";
import { present } from "../support/frames.ts";

describe("address texts", () => {
  // samples of the specification, section 6
  it.each([
    "::192.0.2.1",
    "::0.1.0.0",
    "::100",
    "::2",
    "::ffff:192.0.2.1",
    "64:ff9b::c000:201",
    "::ffff:0:102:304",
    "1:2:3:4:5:6:7:0",
    "1:2:3:4:5:6::",
    "1::1:0:0:1:1",
    "0:0:1::1",
    "2001:db8:0:0:1::",
    "fe80::1%lo",
    "fe80::1%3",
    "10.1.2.3",
  ])("%s stays as it is", (text) => {
    expect(formatHostAddress(present(parseHostAddress(text)))).toBe(text);
  });

  it.each(["010.0.0.1", "1.2.3", " 1.2.3.4", "1.2.3.4 ", "localhost", "[::1]", "", "::1%lo", "fe80::1%", "1.2.3.4%lo"])(
    "%j is none",
    (text) => {
      expect(parseHostAddress(text)).toBeUndefined();
    },
  );

  it("endpoints have brackets where they need them", () => {
    const endpoint = (text: string) => formatHostEndpoint(present(parseHostAddress(text)), 4444);
    expect(endpoint("192.0.2.1")).toBe("192.0.2.1:4444");
    expect(endpoint("2001:DB8::1")).toBe("[2001:db8::1]:4444");
  });

  it("two spellings say that a place is not known", () => {
    const unspecified = ["0.0.0.0", "::", "::1", "0.0.0.1"].map((text) =>
      isUnspecified(present(parseHostAddress(text))),
    );
    expect(unspecified).toEqual([true, true, false, false]);
  });
});

describe("prefixes that stop originals", () => {
  const hangs = (text: string): boolean => {
    const prefix = parsePrefix(text);
    return hangsOriginals(prefix, prefix.length);
  };
  it.each([
    "128.0.0.0/1",
    "240.0.0.0/4",
    "192.168.128.0/17",
    "1.2.3.254/31",
    "8000::/1",
    "fe00::/7",
    "192.168.1.128/25",
    "10.128.0.0/9",
    "fec0::/10",
  ])("%s", (text) => expect(hangs(text)).toBe(true));
  it.each([
    "10.0.0.0/12",
    "fc00::/7",
    "fe80::/10",
    "0.0.0.0/0",
    "255.255.255.255/32",
    "255.0.0.0/8",
    "::/0",
    "2000::/3",
    "192.168.4.0/22",
  ])("not %s", (text) => expect(hangs(text)).toBe(false));

  it("become the list of the specification", () => {
    expect(safePrefixes(parsePrefix("192.168.128.0/17")).map(formatPrefix)).toEqual([
      "192.168.128.0/18",
      "192.168.192.0/19",
      "192.168.224.0/20",
      "192.168.240.0/21",
      "192.168.248.0/22",
      "192.168.252.0/23",
      "192.168.254.0/24",
      "192.168.255.0/24",
    ]);
  });

  const anyPrefix: fc.Arbitrary<Prefix> = fc.oneof(
    fc
      .tuple(fc.nat(0xffffffff), fc.nat(32))
      .map(([word, length]) => prefixOf({ family: 4, words: [word, 0, 0, 0] }, length)),
    fc
      .tuple(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(128))
      .map(([a, b, c, d, length]) => prefixOf({ family: 6, words: [a, b, c, d] }, length)),
    // one with ones at its end is rare by chance
    fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 1, max: 32 })).map(([word, length]) => {
      const ones = (0xff << (24 - (length & ~7))) >>> 0;
      return prefixOf({ family: 4, words: [(word | ones) >>> 0, 0, 0, 0] }, length);
    }),
  );

  it("split into harmless ones that cover exactly the same", () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        const parts = safePrefixes(prefix);
        expect(parts.some((part) => hangsOriginals(part, part.length))).toBe(false);
        expect(parts.length).toBeLessThanOrEqual(8);
        const share = parts.reduce((sum, part) => sum + 2 ** (prefix.length - part.length), 0);
        expect(share).toBe(1);
        for (const part of parts) expect(prefixOf(part, prefix.length)).toEqual(prefix);
        expect(new Set(parts.map(formatPrefix)).size).toBe(parts.length);
      }),
    );
  });
});
