import { cipherContext, deriveMasterKeys, effectiveSuite } from "satp-core";
import { describe, expect, it } from "vitest";
import { warmUp } from "../../src/data-plane/warm-up.ts";

// sixteen tunnels, twelve rounds of 1 + 1 + 1 + 4 + 32 frames; the very first frame of each has nowhere to go yet
const ALL_FRAMES = 16 * (12 * 39 - 1);

describe("warming up", () => {
  const cases = [
    { kind: "tun", cipher: "aes-ctr-128", tagBytes: 10, windowSize: 0 },
    { kind: "tap", cipher: "aes-ctr-256", tagBytes: 20, windowSize: 64 },
    { kind: "tun", cipher: "null", tagBytes: 0, windowSize: 64 },
  ] as const;
  for (const { kind, cipher, tagBytes, windowSize } of cases) {
    it.each([7, undefined])(
      `sends every kind of frame through ${kind}, ${cipher}, configured mux %s`,
      (configuredMux) => {
        const suite = effectiveSuite({ kdPrf: "aes-ctr-128", cipher, auth: "sha1", tagBytes });
        const keys = deriveMasterKeys({ suite, passphrase: Buffer.from("warm") });
        const setup = {
          tunnel: { kind, mux: 7, windowSize },
          context: cipherContext(suite, keys, "left"),
          configuredMux,
        };
        expect(warmUp(setup)).toBe(ALL_FRAMES);
      },
    );
  }
});
