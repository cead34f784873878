import fc from "fast-check";
import { requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKET_BAD_TAG, PACKET_OK } from "../src/index.ts";
import { loadBinding } from "../src/load-binding.ts";
import { KernelCheck } from "./support/kernel-check.ts";
import { ARM64, BUILD_MS, HERE } from "./support/native-program.ts";
import { type BatchLimits, randomBatch } from "./support/random-batch.ts";
import { clearText, contextFor, vectors } from "./support/satp-vectors.ts";

const native = loadBinding()
  .cipherKernels()
  .filter((kernel) => kernel !== "evp");
const places = [
  { place: "this machine, with sanitizers", target: HERE, kernels: native, runs: 40, needs: requires() },
  {
    place: `${ARM64.emulator[0]}, built with ${ARM64.compiler}`,
    target: ARM64,
    kernels: ["armv8"],
    runs: 10,
    needs: requires("aarch64-linux-gnu-g++", "qemu-aarch64-static"),
  },
].filter(({ kernels }) => kernels.length > 0);

// What kernel-check.cc puts into the flags word beforehand.
const UNTOUCHED = 77;

for (const { place, target, kernels, runs, needs } of places) {
  describe(`alone on ${place}`, needs, () => {
    let check: KernelCheck;

    beforeAll(async () => {
      check = await KernelCheck.build(target);
    }, BUILD_MS);

    afterAll(() => check?.close());

    it("a kernel can run or says that it cannot", () => {
      expect(kernels.map((kernel) => check.usable(kernel))).toEqual(kernels.map(() => true));
      expect(check.usable("rot13")).toBe(false);
    });

    describe.each(kernels)("%s", (kernel) => {
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
        ["full packets of one suite", { rows: 100, bodyBytes: 1500, stream: true }, runs],
        ["jumbo frames", { rows: 20, bodyBytes: 9000 }, 4],
        ["small batches", { rows: 9, bodyBytes: 200 }, 8 * runs],
      ])("agrees with node:crypto on %s and touches nothing else", (_name, limits, count) => {
        const seed = fc.noShrink(fc.integer({ min: 1, max: 0x7fffffff - count }));
        const property = fc.property(seed, (first) => {
          // All in one run of the program: starting it takes longer than its work.
          const batches = Array.from({ length: count }, (_, i) => randomBatch(first + i, limits));
          const sealed = check.run(
            kernel,
            "seal",
            batches.map(({ clear }) => clear),
          );
          expect(sealed).toEqual(batches.map((batch) => batch.sealed.map((hex) => ({ flags: UNTOUCHED, hex }))));
          const opened = check.run(
            kernel,
            "open",
            batches.map(({ received }) => received),
          );
          expect(opened).toEqual(
            batches.map(({ opened, received }) =>
              opened.map((hex, i) => ({ flags: received[i]?.genuine ? PACKET_OK : PACKET_BAD_TAG, hex })),
            ),
          );
        });
        fc.assert(property, { numRuns: 1 });
      });
    });
  });
}
