import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createSatpCipher, PACKET_OK, type SatpCipher } from "../src/index.ts";
import { loadBinding } from "../src/load-binding.ts";
import { batchOf, flagsOf, packetOf } from "./support/batch.ts";
import { clearText, contextFor, vectors } from "./support/satp-vectors.ts";

it("every recorded datagram is there", () => {
  expect(vectors.cases).toHaveLength(vectors.count);
  expect(vectors.count).toBeGreaterThanOrEqual(182);
});

describe.each(loadBinding().cipherKernels())("%s seals and opens byte for byte", (kernel) => {
  let cipher: SatpCipher;

  beforeAll(() => {
    vi.stubEnv("TUN_NATIVE_CRYPTO", kernel);
    cipher = createSatpCipher();
    vi.unstubAllEnvs();
    expect(cipher.kernel).toBe(kernel);
  });

  afterAll(() => cipher.close());

  it.each(vectors.cases.map((vector) => [vector.id, vector] as const))("%s", (_id, vector) => {
    const sealing = batchOf([clearText(vector)]);
    sealing.descriptors[2] = cipher.addContext(contextFor(vector, true));
    cipher.seal(sealing, 0, 1);
    expect(packetOf(sealing, 0).toString("hex")).toBe(vector.packet);

    const opening = batchOf([Buffer.from(vector.packet, "hex")]);
    opening.descriptors[2] = cipher.addContext(contextFor(vector, false));
    cipher.open(opening, 0, 1);
    expect(flagsOf(opening, 0)).toBe(PACKET_OK);
    expect(packetOf(opening, 0).toString("hex")).toBe(clearText(vector).toString("hex"));
  });

  it("all in one batch", () => {
    const sealing = batchOf(vectors.cases.map(clearText));
    const opening = batchOf(vectors.cases.map((vector) => Buffer.from(vector.packet, "hex")));
    vectors.cases.forEach((vector, i) => {
      sealing.descriptors[i * 4 + 2] = cipher.addContext(contextFor(vector, true));
      opening.descriptors[i * 4 + 2] = cipher.addContext(contextFor(vector, false));
    });
    cipher.seal(sealing, 0, vectors.count);
    cipher.open(opening, 0, vectors.count);
    vectors.cases.forEach((vector, i) => {
      expect(packetOf(sealing, i).toString("hex")).toBe(vector.packet);
      expect(packetOf(opening, i).toString("hex")).toBe(clearText(vector).toString("hex"));
    });
  });
});
