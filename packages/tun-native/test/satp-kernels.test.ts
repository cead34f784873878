import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPacketBatch, createSatpCipher, PACKET_BAD_TAG, PACKET_OK, type SatpCipher } from "../src/index.ts";
import { loadBinding } from "../src/load-binding.ts";
import { flagsOf, packetOf, setRow } from "./support/batch.ts";
import type { CheckedRow } from "./support/kernel-check.ts";
import { randomBatch } from "./support/random-batch.ts";

const FILLER = 0xa5;
const seeds = fc.noShrink(fc.integer({ min: 1, max: 0x7fffffff }));
const open: SatpCipher[] = [];

function cipherOf(kernel: string): SatpCipher {
  vi.stubEnv("TUN_NATIVE_CRYPTO", kernel);
  const cipher = createSatpCipher();
  open.push(cipher);
  return cipher;
}

afterEach(() => {
  for (const cipher of open.splice(0)) cipher.close();
  vi.unstubAllEnvs();
});

/** Rows as a batch, run through an operation; returns the batch after having looked at all bytes around the rows. */
function run(cipher: SatpCipher, operation: "seal" | "open", rows: readonly CheckedRow[]) {
  const ids = new Map(
    [...new Set(rows.map((row) => row.context))].map((context) => [context, cipher.addContext(context)]),
  );
  // a batch has 64 bytes for each row at least
  const bytes = rows.reduce((sum, row) => sum + row.gap + row.bytes.length + 20, 64 * rows.length);
  const batch = createPacketBatch({ capacity: rows.length, bytes });
  const covered = new Uint8Array(bytes);
  batch.bytes.fill(FILLER);
  let at = 0;
  rows.forEach((row, i) => {
    at += row.gap;
    setRow(batch, i, at, row.bytes, ids.get(row.context));
    const room = row.bytes.length + (operation === "seal" ? row.context.tagBytes : 0);
    covered.fill(1, at, at + room);
    // some end where the next one begins
    at += i % 3 === 0 ? row.bytes.length + 20 : room;
  });
  cipher[operation](batch, 0, rows.length);
  for (let i = 0; i < bytes; i++) {
    if (covered[i] === 0 && batch.bytes[i] !== FILLER) throw new Error(`byte ${i} outside of all packets was changed`);
  }
  for (const id of ids.values()) cipher.removeContext(id);
  return batch;
}

describe.each(loadBinding().cipherKernels())("the kernel %s", (kernel) => {
  it.each([
    ["batches of up to 200 packets", { rows: 200, bodyBytes: 1500 }, 60],
    ["full packets of one suite", { rows: 100, bodyBytes: 1500, stream: true }, 60],
    ["jumbo frames", { rows: 40, bodyBytes: 9000 }, 15],
    ["small batches", { rows: 12, bodyBytes: 300 }, 300],
  ])("agrees with node:crypto on %s and touches nothing else", (_name, limits, runs) => {
    const cipher = cipherOf(kernel);
    fc.assert(
      fc.property(seeds, (seed) => {
        const { clear, sealed, received, opened } = randomBatch(seed, limits);
        const sealing = run(cipher, "seal", clear);
        expect(clear.map((_, i) => packetOf(sealing, i).toString("hex"))).toEqual(sealed);
        const opening = run(cipher, "open", received);
        expect(received.map((_, i) => flagsOf(opening, i))).toEqual(
          received.map(({ genuine }) => (genuine ? PACKET_OK : PACKET_BAD_TAG)),
        );
        expect(received.map((_, i) => packetOf(opening, i).toString("hex"))).toEqual(opened);
      }),
      { numRuns: runs },
    );
  });
});
