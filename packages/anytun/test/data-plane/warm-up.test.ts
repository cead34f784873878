import { cipherContext, deriveMasterKeys, effectiveSuite } from "satp-core";
import { describe, expect, it } from "vitest";
import { Loopback } from "../../src/data-plane/loopback.ts";
import { WarmUp } from "../../src/data-plane/warm-up.ts";

// 8 tunnels of six rounds of ten times 1, then 4 and 32 frames; 4 of six rounds of four times 48, 48 and 1; and 16 of six rounds of
// 32 times 1. The very first burst of each tunnel has nowhere to go yet.
const ALL_FRAMES = 8 * (6 * 46 - 1) + 4 * (6 * 4 * 97 - 48) + 16 * (6 * 32 - 1);

describe("warming up", () => {
  const cases = [
    { kind: "tun", cipher: "aes-ctr-128", tagBytes: 10, windowSize: 0 },
    { kind: "tap", cipher: "aes-ctr-256", tagBytes: 20, windowSize: 64 },
    { kind: "tun", cipher: "null", tagBytes: 0, windowSize: 64 },
  ] as const;
  for (const { kind, cipher, tagBytes, windowSize } of cases) {
    it.each(kind === "tun" ? (["single", "routes"] as const) : (["single"] as const))(
      `sends every kind of frame through ${kind}, ${cipher}, routing %s`,
      (routing) => {
        const suite = effectiveSuite({ kdPrf: "aes-ctr-128", cipher, auth: "sha1", tagBytes });
        const keys = deriveMasterKeys({ suite, passphrase: Buffer.from("warm") });
        const sample = { context: cipherContext(suite, keys, "left"), windowSize };
        const warmUp = new WarmUp({ kind, mux: 7, routing, sample });
        while (warmUp.step());
        expect(warmUp.frames).toBe(ALL_FRAMES);
      },
    );
  }

  it.each(["tun", "tap"] as const)("sends a stream through %s in one piece", (kind) => {
    const loopback = new Loopback(kind);
    try {
      loopback.feed("stream", 32);
      expect(loopback.device.read(loopback.frames)).toBe(32);
      expect(loopback.device.offloadCounters).toMatchObject({ superFrames: 1, segments: 32 });
    } finally {
      loopback.close();
    }
  });
});
