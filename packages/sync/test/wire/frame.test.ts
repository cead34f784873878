import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, FrameReader, MAX_ARCHIVE_BYTES } from "../../src/index.ts";
import { bytesOf } from "../support/vectors.ts";

/** Archives of a stream that comes in pieces of these sizes, the rest in one. */
function archives(
  bytes: Uint8Array,
  sizes: readonly number[] = [],
): { read: string[]; isGood: boolean; isInside: boolean } {
  const reader = new FrameReader();
  const read: string[] = [];
  const take = (archive: Uint8Array): boolean => read.push(Buffer.from(archive).toString("latin1")) > 0;
  let isGood = true;
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    isGood = reader.push(bytes.subarray(at, at + size), take);
    at += size;
  }
  return { read, isGood, isInside: reader.isInsideFrame };
}

describe("frame lengths", () => {
  it.each([
    ["00003 abc", ["abc"]],
    ["3     abc", ["abc"]],
    ["   3  abc", ["abc"]],
    ["+0003 abc", ["abc"]],
    ["00003Xabc", ["abc"]],
    ["00003\nabc", ["abc"]],
    ["3x999 abc", ["abc"]],
    ["00000 ", [""]],
    ["hello ", [""]],
    ["00001 a00002 bc", ["a", "bc"]],
    ["\n00001 a\r\n\n00002 bc\n", ["a", "bc"]],
  ])("%j is %j", (text, expected) => {
    expect(archives(bytesOf(text))).toEqual({ read: expected, isGood: true, isInside: false });
  });

  it("a negative length ends the reading for good", () => {
    expect(archives(bytesOf("00001 a-0001 b00001 c"))).toEqual({ read: ["a"], isGood: false, isInside: false });
  });

  it("a frame that is not whole is held", () => {
    expect(archives(bytesOf("00001 a00003 ab"))).toEqual({ read: ["a"], isGood: true, isInside: true });
    expect(archives(bytesOf("000"))).toEqual({ read: [], isGood: true, isInside: true });
  });

  it("the longest archive passes", () => {
    const longest = "x".repeat(MAX_ARCHIVE_BYTES);
    expect(archives(encodeFrame(longest), [7, 50_000]).read).toEqual([longest]);
  });

  it("who takes no more gets no more", () => {
    const reader = new FrameReader();
    const read: string[] = [];
    const take = (archive: Uint8Array): boolean => read.push(Buffer.from(archive).toString()) < 2;
    expect(reader.push(bytesOf("00001 a00001 b00001 c"), take)).toBe(false);
    expect(reader.push(bytesOf("00001 d"), take)).toBe(false);
    expect(read).toEqual(["a", "b"]);
  });
});

describe("pieces", () => {
  const frames = fc.array(fc.string({ unit: "binary-ascii", maxLength: 300 }), { maxLength: 8 });
  const separators = fc.constantFrom("", "\n", "\r\n");
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 });

  it("do not matter", () => {
    fc.assert(
      fc.property(frames, separators, sizes, (texts, separator, cuts) => {
        const stream = bytesOf(
          texts.map((text) => Buffer.from(encodeFrame(text)).toString("latin1") + separator).join(""),
        );
        expect(archives(stream, cuts)).toEqual({ read: texts, isGood: true, isInside: false });
      }),
    );
  });
});
