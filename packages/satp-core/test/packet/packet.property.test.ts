import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBatch } from "../../src/batch/create-batch.ts";
import { CONTEXT, DESCRIPTOR_WORDS, FLAGS, PACKET_BAD_TAG, PACKET_OK } from "../../src/batch/packet-batch.ts";
import type { BatchCipher } from "../../src/crypto/batch-cipher.ts";
import { cipherContext } from "../../src/crypto/cipher-context.ts";
import { deriveMasterKeys } from "../../src/crypto/master-keys.ts";
import { nodeBatchCipher } from "../../src/crypto/node-batch-cipher.ts";
import { oppositeRole, type Role } from "../../src/crypto/role.ts";
import type { Cipher, Suite } from "../../src/crypto/suite.ts";
import { openPacket } from "../../src/packet/open-packet.ts";
import { type PlainPacket, sealPacket } from "../../src/packet/seal-packet.ts";
import { contextFor, fill, packetAt, SLOT_BYTES } from "../support/test-tunnel.ts";
import { toHex } from "../support/vectors.ts";

const algorithm = fc.constantFrom<Cipher>("null", "aes-ctr-128", "aes-ctr-192", "aes-ctr-256");
const suites: fc.Arbitrary<Suite> = fc.record({
  kdPrf: algorithm,
  cipher: algorithm,
  auth: fc.constantFrom("null", "sha1"),
  tagBytes: fc.integer({ min: 0, max: 24 }),
});
const roles = fc.constantFrom<Role>("left", "right");
const u16 = fc.oneof(fc.constantFrom(0, 1, 0xff, 0x100, 0xffff), fc.integer({ min: 0, max: 0xffff }));
const u32 = fc.oneof(
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const packets: fc.Arbitrary<PlainPacket> = fc.record({
  sequence: u32,
  senderId: u16,
  mux: u16,
  payloadType: u16,
  payload: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 70 }),
    fc.integer({ min: 1, max: 1590 }).map((length) => new Uint8Array(length).fill(0xa5)),
  ),
});

function contexts(suite: Suite, role: Role, passphrase: string) {
  const keys = deriveMasterKeys({ suite, passphrase });
  return { own: cipherContext(suite, keys, role), peer: cipherContext(suite, keys, oppositeRole(role)) };
}

describe("a packet", () => {
  it("comes back from every suite, tag length and size as it was", () => {
    fc.assert(
      fc.property(suites, roles, fc.string(), packets, (suite, role, passphrase, packet) => {
        const { own, peer } = contexts(suite, role, passphrase);
        const datagram = sealPacket(own, packet);
        expect(datagram.length).toBe(10 + packet.payload.length + own.tagBytes);
        const before = toHex(datagram);
        expect(openPacket(peer, datagram)).toEqual({ ok: true, ...packet });
        expect(toHex(datagram)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  it("is rejected with any bit flipped", () => {
    const tags = fc.integer({ min: 4, max: 20 });
    fc.assert(
      fc.property(algorithm, algorithm, tags, packets, fc.nat(), (kdPrf, cipher, tagBytes, packet, where) => {
        const { own, peer } = contexts({ kdPrf, cipher, auth: "sha1", tagBytes }, "left", "flip");
        const datagram = sealPacket(own, packet);
        const bit = where % (datagram.length * 8);
        datagram[bit >>> 3] = (datagram[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        expect(openPacket(peer, datagram)).toEqual({ ok: false, reason: "bad-tag" });
      }),
      { numRuns: 500 },
    );
  });

  it("is rejected with each single bit of one datagram flipped", () => {
    const packet = { sequence: 7, senderId: 8, mux: 9, payloadType: 0x800, payload: new Uint8Array(3) };
    const datagram = sealPacket(contextFor("left"), packet);
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      const changed = datagram.slice();
      changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      expect([bit, openPacket(contextFor("right"), changed).ok]).toEqual([bit, false]);
    }
  });

  it("is rejected with other keys, at every other length, or sent back to its sender", () => {
    const { own, peer } = contexts({ kdPrf: "aes-ctr-128", cipher: "null", auth: "sha1", tagBytes: 10 }, "left", "one");
    const packet = { sequence: 1, senderId: 2, mux: 3, payloadType: 0x800, payload: new Uint8Array(30) };
    const datagram = sealPacket(own, packet);
    expect(openPacket(own, datagram).ok).toBe(false);
    expect(openPacket(contextFor("right", undefined, "two"), datagram).ok).toBe(false);
    for (let length = 0; length < datagram.length; length++) {
      const reason = length < 18 ? "too-short" : "bad-tag";
      expect(openPacket(peer, datagram.subarray(0, length))).toEqual({ ok: false, reason });
    }
  });

  it("needs a payload and numbers that fit their fields", () => {
    const packet = { sequence: 0, senderId: 0, mux: 0, payloadType: 0, payload: new Uint8Array(0) };
    const empty = sealPacket(contextFor("left"), packet);
    expect(openPacket(contextFor("right"), empty)).toEqual({ ok: false, reason: "empty-payload" });
    for (const wrong of [
      { sequence: 2 ** 32 },
      { sequence: -1 },
      { senderId: 65536 },
      { mux: 1.5 },
      { payloadType: 65536 },
    ]) {
      expect(() => sealPacket(contextFor("left"), { ...packet, ...wrong })).toThrow(
        expect.objectContaining({ code: "out-of-range" }),
      );
    }
  });

  it("is not changed when it is a Buffer", () => {
    const packet = { sequence: 1, senderId: 2, mux: 3, payloadType: 0x800, payload: new Uint8Array(30) };
    const datagram = Buffer.from(sealPacket(contextFor("left"), packet));
    const before = toHex(datagram);
    expect(openPacket(contextFor("right"), datagram)).toMatchObject({ ok: true });
    expect(toHex(datagram)).toBe(before);
  });
});

describe("batch cipher", () => {
  /** Rows with the given contexts, sealed or opened in one call over `[first, end)`. */
  function run(cipher: BatchCipher, step: "seal" | "open", rows: [Uint8Array, number][], first = 0) {
    const batch = createBatch(16, SLOT_BYTES);
    fill(
      batch,
      rows.map(([bytes]) => bytes),
    );
    for (const [row, [, context]] of rows.entries()) batch.descriptors[row * DESCRIPTOR_WORDS + CONTEXT] = context;
    cipher[step](batch, first, rows.length - first);
    return rows.map((_, row) => ({
      bytes: packetAt(batch, row),
      flags: batch.descriptors[row * DESCRIPTOR_WORDS + FLAGS],
    }));
  }

  it("does in place what the single-packet functions do, row by row with its own keys", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(suites, packets), { minLength: 1, maxLength: 8 }), (rows) => {
        const left = nodeBatchCipher();
        const right = nodeBatchCipher();
        const made = rows.map(([suite, packet]) => {
          const { own, peer } = contexts(suite, "left", "batch");
          const plain = { kdPrf: "null", cipher: "null", auth: "null", tagBytes: 0 } as const;
          return {
            clear: sealPacket(contexts(plain, "left", "").own, packet),
            sealed: sealPacket(own, packet),
            id: left.addContext(own),
            peerId: right.addContext(peer),
          };
        });
        const sealed = run(
          left,
          "seal",
          made.map(({ clear, id }) => [clear, id]),
        );
        expect(sealed.map((row) => toHex(row.bytes))).toEqual(made.map((row) => toHex(row.sealed)));
        const opened = run(
          right,
          "open",
          made.map((row) => [row.sealed, row.peerId]),
        );
        expect(opened.map((row) => toHex(row.bytes))).toEqual(made.map((row) => toHex(row.clear)));
        expect(opened.every((row) => row.flags === PACKET_OK)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("flags wrong tags, leaves their bytes alone, and does not touch rows outside its range", () => {
    const cipher = nodeBatchCipher();
    const id = cipher.addContext(contextFor("right"));
    const packet = { sequence: 1, senderId: 2, mux: 3, payloadType: 0x800, payload: new Uint8Array(30) };
    const good = sealPacket(contextFor("left"), packet);
    const bad = good.slice();
    bad[20] = (bad[20] ?? 0) ^ 1;
    const rows = run(
      cipher,
      "open",
      [
        [good, id],
        [bad, id],
        [good, id],
      ],
      1,
    );
    expect(rows.map((row) => row.flags)).toEqual([PACKET_OK, PACKET_BAD_TAG, PACKET_OK]);
    expect(rows.slice(0, 2).map((row) => toHex(row.bytes))).toEqual([toHex(good), toHex(bad)]);
    expect(rows[2]?.bytes.length).toBe(40);
  });

  it("forgets removed contexts, reuses their numbers and ends with none", () => {
    const cipher = nodeBatchCipher();
    const ids = [0, 1, 2].map(() => cipher.addContext(contextFor("left")));
    expect(new Set(ids).size).toBe(3);
    const [, middle = -1] = ids;
    cipher.removeContext(middle);
    const unknown = expect.objectContaining({ code: "context-unknown" });
    expect(() => cipher.removeContext(middle)).toThrow(unknown);
    expect(() => run(cipher, "seal", [[new Uint8Array(20), middle]])).toThrow(unknown);
    expect(cipher.addContext(contextFor("right"))).toBe(middle);
    cipher.close();
    cipher.close();
    expect(() => run(cipher, "open", [[new Uint8Array(20), 0]])).toThrow(unknown);
  });

  it.each([
    ["key-length", { masterKey: new Uint8Array(15) }],
    ["salt-length", { masterSalt: new Uint8Array(13) }],
    ["out-of-range", { cipherKeyBytes: 8 }],
    ["out-of-range", { tagBytes: 21 }],
  ])("refuses a context that cannot be: %s", (code, over) => {
    const cipher = nodeBatchCipher();
    expect(() => cipher.addContext({ ...contextFor("left"), ...over })).toThrow(expect.objectContaining({ code }));
  });
});
