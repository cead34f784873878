/** What an original is told must never be below what it has used. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OriginalNumbers } from "../../../src/daemon/sync/original-numbers.ts";

const MUX = 7;
const RATE = 2048;

function numbers(nowMs = 0): OriginalNumbers {
  const made = new OriginalNumbers();
  made.follow(true, nowMs);
  return made;
}

describe("the number that originals are told", () => {
  it("is above what one of them may have used since it told", () => {
    const known = numbers();
    known.note(MUX, 1_000_000, 0, false);
    expect(known.tell(MUX, 0, 100_000)).toBeGreaterThanOrEqual(1_000_000 + 100 * RATE);
  });

  it("is above what an original may have sent at once", () => {
    const known = numbers();
    known.note(MUX, 1_000_000, 0, true);
    expect(known.tell(MUX, 0, 0)).toBe(1_000_000 + 65_536);
  });

  it("is above what one may have used since it was told", () => {
    const known = numbers();
    const first = known.tell(MUX, 5_000_000, 0);
    expect(first).toBeGreaterThanOrEqual(5_000_000);
    expect(known.tell(MUX, 5_000_000, 10_000)).toBeGreaterThanOrEqual(first + 10 * RATE);
  });

  it("is this node's own when that is higher, until originals are known to send", () => {
    const known = new OriginalNumbers();
    known.note(MUX, 100, 0, false);
    expect(known.tell(MUX, 900_000_000, 0)).toBe(900_000_000);
    known.follow(true, 0);
    expect(known.tell(MUX, 950_000_000, 0)).toBe(900_000_000);
    expect(known.tell(MUX + 1, 950_000_000, 0)).toBe(950_000_000);
  });

  it("does not grow without originals, nor for the time before one came", () => {
    const known = new OriginalNumbers();
    known.note(MUX, 1000, 0, false);
    for (let hour = 1; hour < 1000; hour++) expect(known.tell(MUX, 0, hour * 3_600_000)).toBe(1000);
    known.follow(true, 3_600_000_000);
    expect(known.tell(MUX, 0, 3_600_000_000)).toBeLessThan(1000 + 10 * RATE);
    known.follow(false, 3_600_000_000);
    expect(known.tell(MUX, 0, 7_200_000_000)).toBeLessThan(1000 + 10 * RATE);
  });

  it("is not lowered by a lower one", () => {
    const known = numbers();
    known.note(MUX, 1000, 0, false);
    known.note(MUX, 1001, 60_000, false);
    expect(known.tell(MUX, 0, 60_000)).toBeGreaterThanOrEqual(1000 + 60 * RATE);
  });

  it("leaves numbers to the originals after weeks", () => {
    const known = numbers();
    known.note(MUX, 1000, 0, false);
    const last = known.tell(MUX, 0, 365 * 86_400_000);
    expect(last).toBeLessThan(0xf1000000);
    expect(known.tell(MUX, 0, 366 * 86_400_000)).toBe(last);
    known.note(MUX, last + 1000, 366 * 86_400_000, true);
    expect(known.tell(MUX, 0, 367 * 86_400_000)).toBe(last + 1000);
  });

  it("begins anew with a connection that is told anew", () => {
    const known = numbers();
    known.note(MUX, 1000, 0, false);
    known.delete(MUX);
    expect(known.tell(MUX, 10, 0)).toBeLessThan(1000 + 10 * RATE);
  });

  // two nodes of ours, and an original that connects to one of them or hears of a move from either
  it("keeps an original going forward, whichever node tells it", () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 1, max: 600_000 }),
      packets: fc.double({ min: 0, max: 1, noNaN: true }),
      by: fc.constantFrom(0, 1),
      kind: fc.constantFrom("connects", "moved here", "moved to the original"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: 2 ** 29 }), (steps, start) => {
        const ours = [numbers(), numbers()];
        const own = [2 ** 28, 2 ** 28 + 1000];
        let original = start;
        let nowMs = 0;
        // when they find one another
        for (const one of ours)
          for (const number of [original, ...own]) one.note(MUX, number, nowMs, number === original);
        for (const { afterMs, packets, by, kind } of steps) {
          nowMs += afterMs;
          original += Math.floor((packets * afterMs * RATE) / 1000);
          if (kind === "moved to the original") {
            for (const one of ours) one.note(MUX, original, nowMs, true);
            continue;
          }
          const told = ours[by]?.tell(MUX, own[by] ?? 0, nowMs) ?? 0;
          expect(told).toBeGreaterThanOrEqual(original);
          original = told;
          if (kind === "moved here") ours[1 - by]?.note(MUX, told, nowMs, false);
        }
      }),
    );
  });
});
