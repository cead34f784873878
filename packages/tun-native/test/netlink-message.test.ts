import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildMessage, parseAttributes, parseMessages } from "../src/netlink/message.ts";

const attributes = fc.uniqueArray(
  fc.record({ type: fc.integer({ min: 1, max: 0x3fff }), data: fc.uint8Array({ maxLength: 40 }) }),
  { selector: ({ type }) => type, maxLength: 8 },
);
const message = fc.record({
  type: fc.nat({ max: 0xffff }),
  flags: fc.nat({ max: 0xffff }),
  fixed: fc.uint8Array({ maxLength: 20 }),
  attributes,
});

describe("netlink messages", () => {
  it("read back as they were built, one behind the other", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), (sent) => {
        const bytes = Buffer.concat(sent.map((m) => buildMessage(m.type, m.flags, 1, m.fixed, m.attributes)));
        const received = parseMessages(new Uint8Array(bytes));
        expect(received.map(({ type, flags }) => ({ type, flags }))).toEqual(
          sent.map(({ type, flags }) => ({ type, flags })),
        );
        received.forEach((got, i) => {
          const expected = sent[i];
          expect(
            Buffer.from(got.body.subarray(0, expected?.fixed.length)).equals(Buffer.from(expected?.fixed ?? [])),
          ).toBe(true);
          const found = [...parseAttributes(got.body, expected?.fixed.length ?? 0)];
          expect(found.map(([type, data]) => ({ type, data: [...data] }))).toEqual(
            expected?.attributes.map(({ type, data }) => ({ type, data: [...data] })),
          );
        });
      }),
    );
  });

  it("with damaged lengths are an error or shorter, never read outside", () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat({ max: 255 }), (sent, position, value) => {
        const bytes = buildMessage(sent.type, sent.flags, 1, sent.fixed, sent.attributes);
        bytes[position % bytes.length] = value;
        try {
          for (const { body } of parseMessages(bytes)) parseAttributes(body, 8);
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_NETLINK" });
        }
      }),
    );
  });

  it("has the layout of the kernel", () => {
    const built = buildMessage(18, 5, 7, Uint8Array.of(1, 2), [{ type: 3, data: Uint8Array.of(0x61, 0) }]);
    const words = new Uint16Array(built.buffer);
    expect(built).toHaveLength(28);
    expect([words[0], words[2], words[3], words[4]]).toEqual([28, 18, 5, 7]);
    expect([...built.subarray(16, 20)]).toEqual([1, 2, 0, 0]);
    expect([words[10], words[11]]).toEqual([6, 3]);
    expect([...built.subarray(24)]).toEqual([0x61, 0, 0, 0]);
  });
});
