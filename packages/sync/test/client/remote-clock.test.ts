import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RemoteClock } from "../../src/index.ts";

/** The server's clock is so far behind this one. */
const BEHIND = 5_000_000;
const WAY_MS = 20;

/** A reading each second, from `from` to `to` on this host's clock, that takes the usual way. */
function readings(clock: RemoteClock, from: number, to: number, wayMs = WAY_MS): void {
  for (let nowMs = from; nowMs <= to; nowMs += 1000) clock.read(nowMs - wayMs - BEHIND, nowMs);
}

describe("the clock of a server", () => {
  it("says nothing before it was read", () => {
    expect(new RemoteClock().toLocal(7)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("is known but for the way", () => {
    const clock = new RemoteClock();
    readings(clock, 0, 3000);
    expect(clock.toLocal(1000 - BEHIND)).toBe(1000 + WAY_MS);
  });

  it("stays known when five minutes of readings come at once, the oldest first", () => {
    const clock = new RemoteClock();
    readings(clock, 0, 30_000);
    const healedMs = 330_000;
    for (let sentMs = 31_000; sentMs < healedMs; sentMs += 1000) {
      clock.read(sentMs - BEHIND, healedMs);
      expect(clock.toLocal(sentMs - BEHIND)).toBe(sentMs + WAY_MS);
    }
  });

  it("is steady when a reading has confirmed another, not before", () => {
    const clock = new RemoteClock();
    // a connection that was cut as soon as it was there
    for (let sentMs = 0; sentMs < 10_000; sentMs += 1000) clock.read(sentMs - BEHIND, 10_000);
    expect(clock.isSteady).toBe(false);
    clock.read(11_000 - WAY_MS - BEHIND, 11_000);
    expect(clock.isSteady).toBe(false);
    clock.read(12_000 - WAY_MS - BEHIND, 12_000);
    expect(clock.isSteady).toBe(true);
    clock.read(12_001 - BEHIND, 12_001 + 3_600_000);
    expect(clock.isSteady).toBe(false);
  });

  it("is known again when it has stood still, or runs at another pace", () => {
    const clock = new RemoteClock();
    readings(clock, 0, 30_000);
    // it was stopped for a minute, as a machine that slept
    readings(clock, 91_000, 107_000, 60_000 + WAY_MS);
    expect(clock.toLocal(107_000 - 60_000 - BEHIND)).toBe(107_000 + WAY_MS);
  });

  it("is never early, and late by the shortest way at most", () => {
    const step = fc.record({ afterMs: fc.integer({ min: 0, max: 5000 }), wayMs: fc.integer({ min: 0, max: 100_000 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 100 }), (steps) => {
        const clock = new RemoteClock();
        let nowMs = 0;
        for (const { afterMs, wayMs } of steps) {
          nowMs += afterMs;
          clock.read(nowMs - wayMs - BEHIND, nowMs);
          const error = clock.toLocal(nowMs - BEHIND) - nowMs;
          expect(error).toBeGreaterThanOrEqual(0);
          expect(error).toBeLessThanOrEqual(wayMs);
        }
      }),
    );
  });
});
