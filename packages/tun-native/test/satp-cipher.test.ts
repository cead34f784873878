import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  cipherKernel,
  createPacketBatch,
  createSatpCipher,
  PACKET_BAD_TAG,
  PACKET_OK,
  type SatpCipher,
  type SatpCipherContext,
} from "../src/index.ts";
import { loadBinding } from "../src/load-binding.ts";
import { batchOf, flagsOf, packetOf, setRow } from "./support/batch.ts";
import { LEFT, oracleSeal, RIGHT } from "./support/satp-oracle.ts";

const ciphers: SatpCipher[] = [];

function newCipher(): SatpCipher {
  const cipher = createSatpCipher();
  ciphers.push(cipher);
  return cipher;
}

afterEach(() => {
  for (const cipher of ciphers.splice(0)) cipher.close();
  vi.unstubAllEnvs();
});

function contextOf(change: Partial<SatpCipherContext> = {}): SatpCipherContext {
  return {
    masterKey: Buffer.alloc(16, 1),
    masterSalt: Buffer.alloc(14, 2),
    cipherKeyBytes: 16,
    tagBytes: 10,
    sealLabels: LEFT,
    openLabels: RIGHT,
    ...change,
  };
}

/** The other end of the same keys. */
function peerOf(context: SatpCipherContext): SatpCipherContext {
  return { ...context, sealLabels: context.openLabels, openLabels: context.sealLabels };
}

const contexts = fc
  .record({
    key: fc.constantFrom(0, 16, 24, 32),
    cipherKeyBytes: fc.constantFrom(0, 16, 24, 32),
    tagBytes: fc.integer({ min: 0, max: 20 }),
    secret: fc.uint8Array({ minLength: 46, maxLength: 46 }),
    isLeft: fc.boolean(),
  })
  .map(({ key, cipherKeyBytes, tagBytes, secret, isLeft }): SatpCipherContext => {
    const context = contextOf({
      masterKey: secret.subarray(0, key),
      masterSalt: key === 0 ? new Uint8Array(0) : secret.subarray(32),
      cipherKeyBytes,
      tagBytes,
    });
    return isLeft ? context : peerOf(context);
  });

describe.each(loadBinding().cipherKernels())("with the kernel %s", (kernel) => {
  beforeEach(() => {
    vi.stubEnv("TUN_NATIVE_CRYPTO", kernel);
  });

  describe("seal and open", () => {
    it("agree with node:crypto for every suite, length and alignment", () => {
      const packet = fc.record({
        context: fc.nat({ max: 3 }),
        clear: fc.uint8Array({ minLength: 8, maxLength: 700 }),
        gap: fc.nat({ max: 70 }),
      });
      const run = fc.record({
        contexts: fc.array(contexts, { minLength: 4, maxLength: 4 }),
        packets: fc.array(packet, { minLength: 1, maxLength: 24 }),
      });
      fc.assert(
        fc.property(run, ({ contexts: keys, packets }) => {
          const [sender, receiver] = [newCipher(), newCipher()];
          const batch = createPacketBatch({ capacity: packets.length, bytes: packets.length * 800 });
          let at = 0;
          packets.forEach(({ clear, gap }, i) => {
            setRow(batch, i, at + gap, clear);
            at += gap + clear.length + 20;
          });
          const sealIds = keys.map((context) => sender.addContext(context));
          const openIds = keys.map((context) => receiver.addContext(peerOf(context)));
          packets.forEach(({ context }, i) => {
            batch.descriptors[i * 4 + 2] = sealIds[context] ?? -1;
          });
          sender.seal(batch, 0, packets.length);
          packets.forEach(({ context, clear }, i) => {
            const expected = oracleSeal(keys[context] ?? contextOf(), clear);
            expect(packetOf(batch, i).equals(expected)).toBe(true);
            batch.descriptors[i * 4 + 2] = openIds[context] ?? -1;
          });
          receiver.open(batch, 0, packets.length);
          packets.forEach(({ clear }, i) => {
            expect(flagsOf(batch, i)).toBe(PACKET_OK);
            expect(packetOf(batch, i).equals(clear)).toBe(true);
          });
          for (const cipher of ciphers.splice(0)) cipher.close();
        }),
        { numRuns: 150 },
      );
    });

    it("agree for every length from nothing to 200 bytes and for the longest datagrams", () => {
      const cipher = newCipher();
      const context = contextOf({ tagBytes: 20, cipherKeyBytes: 32 });
      const id = cipher.addContext(context);
      for (const length of [...Array.from({ length: 200 }, (_, i) => i), 1399, 1400, 1590, 9000, 65000]) {
        const clear = randomBytes(8 + length);
        const batch = batchOf([clear], 65_600);
        batch.descriptors[2] = id;
        cipher.seal(batch, 0, 1);
        expect(packetOf(batch, 0).equals(oracleSeal(context, clear))).toBe(true);
      }
    });

    it("touch only the rows that were asked for", () => {
      const cipher = newCipher();
      const id = cipher.addContext(contextOf());
      const clear = randomBytes(100);
      const batch = batchOf([clear, clear, clear, clear]);
      for (let i = 0; i < 4; i++) batch.descriptors[i * 4 + 2] = id;
      cipher.seal(batch, 1, 2);
      expect([0, 1, 2, 3].map((i) => packetOf(batch, i).equals(clear))).toEqual([true, false, false, true]);
    });
  });

  describe("open", () => {
    it("rejects any flipped bit, leaves the bytes and goes on with the next row", () => {
      const cipher = newCipher();
      const context = contextOf({ tagBytes: 4 });
      const id = cipher.addContext(peerOf(context));
      const sealed = oracleSeal(context, randomBytes(60));
      fc.assert(
        fc.property(fc.nat({ max: sealed.length * 8 - 1 }), (bit) => {
          const forged = Buffer.from(sealed);
          forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          const batch = batchOf([forged, sealed]);
          batch.descriptors[2] = id;
          batch.descriptors[6] = id;
          cipher.open(batch, 0, 2);
          expect(flagsOf(batch, 0)).toBe(PACKET_BAD_TAG);
          expect(packetOf(batch, 0).equals(forged)).toBe(true);
          expect(flagsOf(batch, 1)).toBe(PACKET_OK);
        }),
        { numRuns: 300 },
      );
    });

    it("accepts anything without a tag", () => {
      const cipher = newCipher();
      const id = cipher.addContext(contextOf({ tagBytes: 0 }));
      const batch = batchOf([randomBytes(8)]);
      batch.descriptors[2] = id;
      batch.descriptors[3] = 7;
      cipher.open(batch, 0, 1);
      expect(flagsOf(batch, 0)).toBe(PACKET_OK);
    });

    it("does not take what was sealed in its own direction", () => {
      const cipher = newCipher();
      const context = contextOf();
      const id = cipher.addContext(context);
      const batch = batchOf([oracleSeal(context, randomBytes(60))]);
      batch.descriptors[2] = id;
      cipher.open(batch, 0, 1);
      expect(flagsOf(batch, 0)).toBe(PACKET_BAD_TAG);
    });
  });

  describe("rows that cannot be right", () => {
    it.each<[string, (descriptors: Int32Array, bytes: number) => void]>([
      ["an offset below zero", (d) => d.set([-1], 4)],
      ["an offset behind the arena", (d, bytes) => d.set([bytes], 4)],
      ["an offset and length that overflow", (d) => d.set([0x7fffffff, 0x7fffffff], 4)],
      ["no room for the tag", (d, bytes) => d.set([bytes - 100], 4)],
      ["a header that is cut", (d) => d.set([7], 5)],
      ["a length below zero", (d) => d.set([-5], 5)],
      ["a place within the tag of the row before", (d) => d.set([(d[0] ?? 0) + 100 + 9], 4)],
      ["an unknown context", (d) => d.set([1], 6)],
      ["a length that no datagram has", (d) => d.set([(1 << 20) + 1], 5)],
      ["a context below zero", (d) => d.set([-1], 6)],
    ])("%s is an error before any row was touched", (_name, damage) => {
      const cipher = newCipher();
      cipher.addContext(contextOf());
      const clear = randomBytes(100);
      const batch = batchOf([clear, clear]);
      damage(batch.descriptors, batch.bytes.length);
      const rows = batch.descriptors.slice();
      expect(() => cipher.seal(batch, 0, 2)).toThrow(expect.objectContaining({ code: "ERR_BATCH" }));
      expect(packetOf(batch, 0).equals(clear)).toBe(true);
      expect(batch.descriptors).toEqual(rows);
    });

    it.each([
      [-1, 1],
      [0, -1],
      [1, 2],
      [3, 1],
      [0x7fffffff, 0x7fffffff],
    ])("rows %i + %i of 2 do not exist", (first, count) => {
      const cipher = newCipher();
      cipher.addContext(contextOf());
      const batch = batchOf([randomBytes(100), randomBytes(100)]);
      expect(() => cipher.seal(batch, first, count)).toThrow(expect.objectContaining({ code: "ERR_BATCH" }));
      expect(() => cipher.open(batch, first, count)).toThrow(expect.objectContaining({ code: "ERR_BATCH" }));
    });

    it("a datagram shorter than header and tag is one of them", () => {
      const cipher = newCipher();
      cipher.addContext(contextOf());
      expect(() => cipher.open(batchOf([randomBytes(17)]), 0, 1)).toThrow(/row 0/);
      cipher.open(batchOf([randomBytes(18)]), 0, 1);
    });
  });

  describe("contexts", () => {
    it("are numbered, forgotten and numbered again", () => {
      const cipher = newCipher();
      const ids = Array.from({ length: 40 }, () => cipher.addContext(contextOf()));
      expect(new Set(ids).size).toBe(40);
      cipher.removeContext(ids[7] ?? -1);
      cipher.removeContext(ids[7] ?? -1);
      cipher.removeContext(12345);
      const batch = batchOf([randomBytes(50)]);
      batch.descriptors[2] = ids[7] ?? -1;
      expect(() => cipher.seal(batch, 0, 1)).toThrow(/no known context/);
      expect(cipher.addContext(contextOf())).toBe(ids[7]);
      cipher.seal(batch, 0, 1);
    });

    it("copy the keys", () => {
      const cipher = newCipher();
      const masterKey = Buffer.alloc(16, 1);
      const id = cipher.addContext(contextOf({ masterKey }));
      masterKey.fill(9);
      const clear = randomBytes(50);
      const batch = batchOf([clear]);
      batch.descriptors[2] = id;
      cipher.seal(batch, 0, 1);
      expect(packetOf(batch, 0).equals(oracleSeal(contextOf(), clear))).toBe(true);
    });

    it.each<[string, Partial<SatpCipherContext>]>([
      ["a key of 17 bytes", { masterKey: Buffer.alloc(17) }],
      ["a key without salt", { masterSalt: Buffer.alloc(0) }],
      ["a salt of 13 bytes", { masterSalt: Buffer.alloc(13) }],
      ["a cipher of 8 bytes", { cipherKeyBytes: 8 }],
      ["a tag of 21 bytes", { tagBytes: 21 }],
      ["a tag of half a byte", { tagBytes: 0.5 }],
      ["a negative tag", { tagBytes: -1 }],
    ])("%s is refused", (_name, change) => {
      const cipher = newCipher();
      expect(() => cipher.addContext(contextOf(change))).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
    });
  });

  describe("a closed cipher", () => {
    it("refuses work and closes twice", () => {
      const cipher = createSatpCipher();
      const id = cipher.addContext(contextOf());
      cipher.close();
      cipher.close();
      cipher.removeContext(id);
      const closed = expect.objectContaining({ code: "ERR_CLOSED" });
      expect(() => cipher.addContext(contextOf())).toThrow(closed);
      expect(() => cipher.seal(batchOf([randomBytes(50)]), 0, 1)).toThrow(closed);
    });
  });
});

describe("the kernel", () => {
  it.each(loadBinding().cipherKernels())("is %s when the environment asks for it", (kernel) => {
    vi.stubEnv("TUN_NATIVE_CRYPTO", kernel);
    expect(cipherKernel()).toBe(kernel);
    expect(newCipher().kernel).toBe(kernel);
  });

  it("is the best that this machine can run without being asked for", () => {
    vi.stubEnv("TUN_NATIVE_CRYPTO", "");
    expect(cipherKernel()).toBe(loadBinding().cipherKernels()[0]);
  });

  it("fits the processor", () => {
    const kernels = loadBinding().cipherKernels();
    const flags = new Set((/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "").split(" "));
    const has = (...wanted: string[]) => wanted.every((flag) => flags.has(flag));
    const expected = ["evp"];
    if (has("aes", "bmi1", "bmi2", "avx2")) expected.unshift("avx2-aesni");
    if (has("aes", "ssse3", "sse4_1", "sha_ni")) expected.unshift("aesni");
    if (has("aes", "bmi1", "bmi2", "avx512f", "avx512bw", "avx512vl")) expected.unshift("avx512-aesni");
    if (has("aes", "sha_ni", "vaes", "avx2")) expected.unshift("vaes");
    if (has("aes", "sha_ni", "vaes", "bmi1", "bmi2", "avx512f", "avx512bw", "avx512vl")) {
      // the faster of these two is first
      expected.unshift(...kernels.filter((kernel) => kernel === "avx512" || kernel === "avx512-pair"));
      expect(kernels.slice(0, 2).sort()).toEqual(["avx512", "avx512-pair"]);
    }
    if (process.arch === "x64") expect(kernels).toEqual(expected);
    expect(kernels).toContain("evp");
  });

  it.each(["rot13", process.arch === "x64" ? "armv8" : "avx512", "AVX512", "aesni "])("must be known: %s", (name) => {
    vi.stubEnv("TUN_NATIVE_CRYPTO", name);
    expect(() => createSatpCipher()).toThrow(`TUN_NATIVE_CRYPTO ${name}: expected one of `);
  });
});
