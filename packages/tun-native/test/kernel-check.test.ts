import fc from "fast-check";
import { findProgram } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKET_BAD_TAG, PACKET_OK } from "../src/index.ts";
import { loadBinding } from "../src/load-binding.ts";
import { ARM64, HERE, KernelCheck } from "./support/kernel-check.ts";
import { type BatchLimits, randomBatch } from "./support/random-batch.ts";
import { clearText, contextFor, vectors } from "./support/satp-vectors.ts";

const native = loadBinding()
  .cipherKernels()
  .filter((kernel) => kernel !== "evp");
const cases = [
  ...native.map((kernel) => ({ kernel, place: "this machine, with sanitizers", target: HERE, runs: 40 })),
  { kernel: "armv8", place: `${ARM64.emulator}, built with ${ARM64.compiler}`, target: ARM64, runs: 25 },
].map((one) => ({
  ...one,
  missing: [one.target.compiler, ...one.target.emulator].filter((name) => findProgram(name) === undefined),
}));

// What kernel-check.cc puts into the flags word beforehand.
const UNTOUCHED = 77;

for (const { kernel, place, target, runs, missing } of cases) {
  describe(`${kernel} alone on ${place}`, { skip: missing.length > 0 }, () => {
    let check: KernelCheck;

    beforeAll(() => {
      check = new KernelCheck(target);
    });

    afterAll(() => check?.close());

    it("can run, and others cannot", () => {
      expect(check.usable(kernel)).toBe(true);
      expect(check.usable("rot13")).toBe(false);
    });

    it("seals and opens all recorded datagrams, one by one and together", () => {
      const clear = vectors.cases.map((vector, i) => ({
        context: contextFor(vector, true),
        gap: i % 70,
        bytes: clearText(vector),
      }));
      const sealed = vectors.cases.map((vector, i) => ({
        context: contextFor(vector, false),
        gap: i % 70,
        bytes: Buffer.from(vector.packet, "hex"),
      }));
      const packets = sealed.map(({ bytes }) => ({ flags: UNTOUCHED, hex: bytes.toString("hex") }));
      const texts = clear.map(({ bytes }) => ({ flags: PACKET_OK, hex: bytes.toString("hex") }));
      expect(
        check
          .run(
            kernel,
            "seal",
            clear.map((row) => [row]),
          )
          .flat(),
      ).toEqual(packets);
      expect(
        check
          .run(
            kernel,
            "open",
            sealed.map((row) => [row]),
          )
          .flat(),
      ).toEqual(texts);
      expect(check.run(kernel, "seal", [clear])).toEqual([packets]);
      expect(check.run(kernel, "open", [sealed])).toEqual([texts]);
    });

    it.each<[string, BatchLimits, number]>([
      ["batches of up to 200 packets", { rows: 200, bodyBytes: 1500 }, runs],
      ["jumbo frames", { rows: 20, bodyBytes: 9000 }, 4],
      ["small batches", { rows: 9, bodyBytes: 200 }, 2 * runs],
    ])("agrees with node:crypto on %s and touches nothing else", (_name, limits, numRuns) => {
      fc.assert(
        fc.property(fc.noShrink(fc.integer({ min: 1, max: 0x7fffffff })), (seed) => {
          const { clear, sealed, received, opened } = randomBatch(seed, limits);
          expect(check.run(kernel, "seal", [clear])).toEqual([sealed.map((hex) => ({ flags: UNTOUCHED, hex }))]);
          expect(check.run(kernel, "open", [received])).toEqual([
            opened.map((hex, i) => ({ flags: received[i]?.genuine ? PACKET_OK : PACKET_BAD_TAG, hex })),
          ]);
        }),
        { numRuns },
      );
    });
  });
}
