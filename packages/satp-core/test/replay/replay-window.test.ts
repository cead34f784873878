import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SatpError } from "../../src/errors.ts";
import { MAX_WINDOW_SIZE, ReplayWindow, windowBytes } from "../../src/replay/replay-window.ts";
import { SequenceVerdict } from "../../src/replay/sequence-verdict.ts";

const { replayed, first, newer, older } = SequenceVerdict;
const END = 2 ** 32;
const HALF = 0x7fffffff;

/** The rules word by word: shifted comparisons modulo 2³², and a set of the numbers that were accepted. */
class NaiveWindow {
  readonly #size: number;
  readonly #marked = new Set<number>();
  #top: number | undefined;

  constructor(size: number) {
    this.#size = size;
  }

  checkAndMark(sequence: number): SequenceVerdict {
    const top = this.#top;
    if (top === undefined) return this.#accept(sequence, sequence, first);
    let d = 0;
    if (top < this.#size) d = HALF;
    else if (top > 0xffffffff - this.#size) d = -HALF;
    const t = modulo(top + d);
    const s = modulo(sequence + d);
    const low = modulo(t - this.#size + 1);
    if (s < low || s === t) return replayed;
    if (s > t) return this.#accept(sequence, sequence, newer);
    return this.#marked.has(sequence) ? replayed : this.#accept(sequence, top, older);
  }

  #accept(sequence: number, top: number, verdict: SequenceVerdict): SequenceVerdict {
    if (top !== this.#top) {
      // numbers that fall out are forgotten, skipped ones are unmarked
      for (const n of this.#marked) if (modulo(top - n) >= this.#size) this.#marked.delete(n);
    }
    this.#top = top;
    this.#marked.add(sequence);
    return verdict;
  }
}

function modulo(n: number): number {
  return ((n % END) + END) % END;
}

describe("replay window", () => {
  it.each<[string, number, [number, SequenceVerdict][]]>([
    [
      "window of one",
      1,
      [
        [5, first],
        [5, replayed],
        [6, newer],
        [5, replayed],
        [8, newer],
        [7, replayed],
      ],
    ],
    [
      "numbers older than the first",
      10,
      [
        [100, first],
        [91, older],
        [90, replayed],
        [91, replayed],
        [100, replayed],
      ],
    ],
    [
      "the wrap, near enough",
      10,
      [
        [END - 10, first],
        [0, newer],
        [END - 1, older],
        [END - 9, older],
        [END - 10, replayed],
      ],
    ],
    [
      "the wrap, too far away",
      10,
      [
        [END - 11, first],
        [0, replayed],
        [END - 10, newer],
        [0, newer],
      ],
    ],
    [
      "jump limit from a small number",
      10,
      [
        [2, first],
        [0x80000001, replayed],
        [0x80000000, newer],
      ],
    ],
    [
      "jump limit from a large number",
      10,
      [
        [END - 2, first],
        [0x7fffffff, replayed],
        [0x7ffffffe, newer],
      ],
    ],
    [
      "no jump limit in the middle",
      10,
      [
        [10, first],
        [END - 11, newer],
        [11, replayed],
      ],
    ],
    [
      "a jump forgets what it skips",
      64,
      [
        [0, first],
        [200, newer],
        [137, older],
        [136, replayed],
        [199, older],
        [199, replayed],
      ],
    ],
    [
      "stale bits of the ring",
      33,
      [
        [1, first],
        [40, newer],
        [65, newer],
        [64, older],
        [33, older],
        [32, replayed],
        [66, newer],
      ],
    ],
  ])("%s", (_, size, steps) => {
    const window = new ReplayWindow(size);
    expect(steps.map(([sequence]) => [sequence, window.checkAndMark(sequence)])).toEqual(steps);
  });

  it.each([0, -1, 1.5, MAX_WINDOW_SIZE + 1, Number.NaN])("refuses size %s", (size) => {
    expect(() => new ReplayWindow(size)).toThrow(SatpError);
  });

  it("takes a bit per number, rounded up to a power of two", () => {
    expect([1, 32, 33, 64, 1000, MAX_WINDOW_SIZE].map(windowBytes)).toEqual([4, 4, 8, 8, 128, 2 * 1024 * 1024]);
    const window = new ReplayWindow(MAX_WINDOW_SIZE);
    expect(window.checkAndMark(20_000_000)).toBe(first);
    expect(window.checkAndMark(20_000_000 - MAX_WINDOW_SIZE + 1)).toBe(older);
    expect(window.checkAndMark(20_000_000 - MAX_WINDOW_SIZE)).toBe(replayed);
  });

  const places = fc.constantFrom(0, 1, 31, 1000, 0x7fffffff, 0x80000000, END - 1000, END - 40, END - 1);

  it("marks a run behind the newest number as one by one, or not at all", () => {
    const step = fc.record({
      gap: fc.oneof(fc.constant(1), fc.integer({ min: -3, max: 70 })),
      count: fc.integer({ min: 1, max: 300 }),
    });
    let together = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), places, fc.array(step, { maxLength: 20 }), (size, start, steps) => {
        const window = new ReplayWindow(size);
        const single = new ReplayWindow(size);
        expect(window.advance(start, 1)).toBe(false);
        for (const one of [window, single]) one.checkAndMark(start);
        let top = start;
        for (const { gap, count } of steps) {
          const from = modulo(top + gap);
          const isRun = gap === 1 && top + count < END;
          expect(window.advance(from | 0, count)).toBe(isRun);
          if (isRun) together++;
          else window.checkAndMark(from);
          for (let i = 0; i < (isRun ? count : 1); i++) {
            const verdict = single.checkAndMark(modulo(from + i));
            if (verdict === newer) top = modulo(from + i);
          }
          const seen = (of: ReplayWindow): SequenceVerdict[] => {
            const copy = new ReplayWindow(size);
            copy.inherit(of);
            return Array.from({ length: size + 2 }, (_, i) => copy.checkAndMark(modulo(top + 1 - i)));
          };
          expect(seen(window)).toEqual(seen(single));
        }
      }),
      { numRuns: 300 },
    );
    expect(together).toBeGreaterThan(500);
  });

  it("agrees with the naive window on walks from any place", () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }) },
      { weight: 2, arbitrary: fc.integer({ min: -400, max: 400 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: END - 1 }) },
    );
    const size = fc.oneof(fc.integer({ min: 1, max: 130 }), fc.constantFrom(31, 32, 33, 63, 64, 65, 128, 1000));
    fc.assert(
      fc.property(size, places, fc.array(step, { minLength: 1, maxLength: 200 }), (windowSize, start, steps) => {
        const window = new ReplayWindow(windowSize);
        const naive = new NaiveWindow(windowSize);
        let at = start;
        for (const delta of steps) {
          const sequence = modulo(at + delta);
          const verdict = naive.checkAndMark(sequence);
          // the sign of the 32 bits must not matter
          const bits = delta % 2 === 0 ? sequence : sequence | 0;
          expect([sequence, window.checkAndMark(bits)]).toEqual([sequence, verdict]);
          // follow what was accepted, so that the walk stays where windows differ
          if (verdict === newer || verdict === first) at = sequence;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
