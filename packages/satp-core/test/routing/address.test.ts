import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AddressWords, formatAddress, parseAddress, tryParseAddress } from "../../src/routing/address.ts";
import { formatPrefix, parsePrefix, prefixOf } from "../../src/routing/prefix.ts";

const word = fc.oneof(
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffff0000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const words6: fc.Arbitrary<AddressWords> = fc.tuple(word, word, word, word);

describe("addresses", () => {
  it.each<[string, string]>([
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["192.0.2.7", "192.0.2.7"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["::ffff:192.0.2.128", "::ffff:192.0.2.128"],
    ["::FFFF:c000:280", "::ffff:192.0.2.128"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"],
    ["::192.0.2.1", "::c000:201"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["fe80::0001", "fe80::1"],
  ])("%s is %s", (text, canonical) => {
    expect(formatAddress(parseAddress(text))).toBe(canonical);
  });

  it("are big-endian words", () => {
    expect(parseAddress("192.0.2.1")).toEqual({ family: 4, words: [0xc0000201, 0, 0, 0] });
    expect(parseAddress("2001:db8::ff00:42:8329").words).toEqual([0x20010db8, 0, 0x0000ff00, 0x00428329]);
  });

  it.each([
    ["", "empty"],
    ["1.2.3", "three parts"],
    ["1.2.3.4.5", "five parts"],
    ["1.2.3.256", "too large"],
    ["1.2.3.04", "leading zero"],
    ["1.2.3.", "part missing"],
    [".1.2.3", "part missing"],
    ["1..2.3", "part missing"],
    ["1.2.3.4 ", "blank"],
    ["+1.2.3.4", "sign"],
    ["0x1.2.3.4", "hex"],
    ["16909060", "one number"],
    [":", "colon"],
    [":::", "three colons"],
    ["1:", "group missing"],
    [":1", "group missing"],
    ["1:2:3:4:5:6:7", "seven groups"],
    ["1:2:3:4:5:6:7:8:9", "nine groups"],
    ["1:2:3:4:5:6:7:8:", "group missing"],
    ["1:2:3:4::5:6:7:8", "gap of nothing"],
    ["1::2::3", "two gaps"],
    ["12345::", "five digits"],
    ["g::", "not hex"],
    ["::1%eth0", "scope"],
    ["[::1]", "brackets"],
    ["1:2:3:4:5:6:7:1.2.3.4", "IPv4 as the eighth group"],
    ["::1.2.3.4:5", "IPv4 in the middle"],
    ["::1.2.3", "short IPv4"],
    ["::256.1.1.1", "wrong IPv4"],
  ])("'%s' is none: %s", (text) => {
    expect(tryParseAddress(text)).toBeUndefined();
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ name: "SatpError", code: "bad-address" }));
  });

  it("go to text and back", () => {
    fc.assert(
      fc.property(words6, (words) => {
        expect(parseAddress(formatAddress({ family: 6, words })).words).toEqual(words);
      }),
    );
    fc.assert(
      fc.property(word, (first) => {
        const text = formatAddress({ family: 4, words: [first, 0, 0, 0] });
        expect(parseAddress(text).words[0]).toBe(first);
      }),
    );
  });

  it("are what node takes for addresses", () => {
    const piece = fc.constantFrom("0", "1", "00", "ffff", "12345", "g", "255", "256", ".", ":", "::", "1.2.3.4", "");
    const text = fc.oneof(
      fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join("")),
      fc.array(fc.constantFrom("a", "1f", "", "0"), { maxLength: 10 }).map((groups) => groups.join(":")),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const address = tryParseAddress(candidate);
        const family = isIPv4(candidate) ? 4 : isIPv6(candidate) ? 6 : undefined;
        expect(address?.family).toBe(family);
      }),
      { numRuns: 5000 },
    );
  });

  it("agree with the WHATWG parser", () => {
    fc.assert(
      fc.property(words6, (words) => {
        const text = formatAddress({ family: 6, words });
        const other = tryParseAddress(new URL(`http://[${text}]/`).hostname.slice(1, -1));
        expect(other?.words).toEqual(words);
      }),
    );
  });
});

describe("prefixes", () => {
  it.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["10.1.2.3/32", "10.1.2.3/32"],
    ["255.255.255.255/31", "255.255.255.254/31"],
    ["1.2.3.4/0", "0.0.0.0/0"],
    ["fd00::/8", "fd00::/8"],
    ["2001:db8:ffff::1/33", "2001:db8:8000::/33"],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"],
    ["::1/128", "::1/128"],
    ["::1/0", "::/0"],
  ])("%s is %s", (text, canonical) => {
    expect(formatPrefix(parsePrefix(text))).toBe(canonical);
  });

  it.each([
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/8x",
    "10.0.0.0/ 8",
    "::/129",
    "::/1000",
    "/8",
    "x/8",
    "",
  ])("'%s' is none", (text) => {
    expect(() => parsePrefix(text)).toThrow(expect.objectContaining({ name: "SatpError", code: "bad-prefix" }));
  });

  it("keep exactly their first bits", () => {
    fc.assert(
      fc.property(words6, fc.integer({ min: 0, max: 128 }), (words, length) => {
        const bits = (of: AddressWords) => of.map((w) => w.toString(2).padStart(32, "0")).join("");
        const masked = bits(prefixOf({ family: 6, words }, length).words);
        expect(masked).toBe(bits(words).slice(0, length).padEnd(128, "0"));
      }),
    );
  });

  it("have a length that their family has", () => {
    expect(() => prefixOf(parseAddress("10.0.0.0"), 33)).toThrow(expect.objectContaining({ code: "out-of-range" }));
    expect(() => prefixOf(parseAddress("::"), 128.5)).toThrow(expect.objectContaining({ code: "out-of-range" }));
  });
});
