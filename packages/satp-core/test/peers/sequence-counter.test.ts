import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SatpErrorCode } from "../../src/errors.ts";
import { SequenceCounter, type SequenceRange } from "../../src/peers/sequence-counter.ts";

function drain(counter: SequenceCounter): [number, number][] {
  const taken: [number, number][] = [];
  while (counter.take()) taken.push([counter.senderId, counter.number]);
  return taken;
}

describe("sequence counter", () => {
  it("has nothing to give before a range is reserved", () => {
    const counter = new SequenceCounter();
    expect(counter.take()).toBe(false);
    expect(counter.remaining).toBe(0);
    expect([counter.takeLowSignal(), counter.takeLowSignal()]).toEqual([true, false]);
  });

  it("gives every number of its ranges once, and the sender id with it", () => {
    const counter = new SequenceCounter({ senderId: 1, first: 10, end: 12 });
    counter.extend({ senderId: 1, first: 20, end: 21 });
    counter.extend({ senderId: 7, first: 0, end: 2 });
    expect(counter.remaining).toBe(5);
    expect(drain(counter)).toEqual([
      [1, 10],
      [1, 11],
      [1, 20],
      [7, 0],
      [7, 1],
    ]);
    expect(counter.remaining).toBe(0);
  });

  it("ends at 2³² instead of starting again at 0", () => {
    const counter = new SequenceCounter({ senderId: 0, first: 0xfffffffe, end: 0x100000000 });
    expect(drain(counter)).toEqual([
      [0, 0xfffffffe],
      [0, 0xffffffff],
    ]);
    expect(counter.take()).toBe(false);
  });

  it.each<[string, SequenceRange, SatpErrorCode]>([
    ["overlap", { senderId: 0, first: 99, end: 200 }, "sequence-range"],
    ["backwards", { senderId: 0, first: 0, end: 1 }, "sequence-range"],
    ["empty", { senderId: 0, first: 100, end: 100 }, "out-of-range"],
    ["beyond 2³²", { senderId: 0, first: 100, end: 0x100000001 }, "out-of-range"],
    ["negative", { senderId: 0, first: -1, end: 5 }, "out-of-range"],
    ["sender id", { senderId: 65536, first: 0, end: 5 }, "out-of-range"],
    ["fraction", { senderId: 0, first: 100.5, end: 200 }, "out-of-range"],
  ])("refuses a range: %s", (_, range, code) => {
    const counter = new SequenceCounter({ senderId: 0, first: 50, end: 100 });
    expect(() => counter.extend(range)).toThrow(expect.objectContaining({ code }));
    expect(counter.remaining).toBe(50);
  });

  it("refuses numbers of a sender id it had before another one", () => {
    const counter = new SequenceCounter({ senderId: 0, first: 0, end: 10 });
    counter.extend({ senderId: 1, first: 0, end: 10 });
    drain(counter);
    expect(() => counter.extend({ senderId: 0, first: 9, end: 20 })).toThrow(
      expect.objectContaining({ code: "sequence-range" }),
    );
    counter.extend({ senderId: 0, first: 10, end: 20 });
    expect([counter.take(), counter.number]).toEqual([true, 10]);
  });

  it("lets two ranges wait", () => {
    const range = (n: number) => ({ senderId: 0, first: n * 10, end: n * 10 + 10 });
    const counter = new SequenceCounter(range(0));
    counter.take();
    counter.extend(range(1));
    counter.extend(range(2));
    expect(() => counter.extend(range(3))).toThrow(expect.objectContaining({ code: "sequence-range" }));
    expect(counter.remaining).toBe(29);
  });

  it("tells what is left of the range that the next number comes from", () => {
    const counter = new SequenceCounter();
    expect(counter.reserved).toBeUndefined();
    counter.extend({ senderId: 1, first: 0xfffffff0, end: 0x100000000 });
    counter.extend({ senderId: 257, first: 5, end: 9 });
    expect(counter.reserved).toEqual({ senderId: 1, first: 0xfffffff0, end: 0x100000000 });
    counter.take();
    expect(counter.reserved).toEqual({ senderId: 1, first: 0xfffffff1, end: 0x100000000 });
    for (let i = 1; i < 16; i++) counter.take();
    expect(counter.reserved).toEqual({ senderId: 257, first: 5, end: 9 });
  });

  it("signals once per range when less than half of it is left", () => {
    const counter = new SequenceCounter({ senderId: 0, first: 0, end: 10 });
    const signals: number[] = [];
    const takeAll = () => {
      while (counter.take()) if (counter.takeLowSignal()) signals.push(counter.remaining);
    };
    takeAll();
    counter.extend({ senderId: 0, first: 10, end: 110 });
    takeAll();
    expect(signals).toEqual([4, 49]);
  });

  const FIRST = 0xfffffffc;
  it.each<[number, [number, number, number][]]>([
    [1, [0, 1, 2, 3, 4, 5, 6, 7].map((n) => (n < 4 ? [1, 3, FIRST + n] : [1, 7, n - 4]))],
    [
      3,
      [
        [3, 3, FIRST + 2],
        [1, 3, FIRST + 3],
        [3, 7, 2],
        [1, 7, 3],
      ],
    ],
    [
      100,
      [
        [4, 3, FIRST + 3],
        [3, 7, 2],
        [1, 7, 3],
      ],
    ],
  ])("takes up to %i numbers at once, of one sender id and not past the low mark", (most, runs) => {
    const counter = new SequenceCounter({ senderId: 3, first: FIRST, end: 0x100000000 });
    counter.extend({ senderId: 7, first: 0, end: 4 });
    const taken: [number, number, number][] = [];
    for (let count = counter.takeRun(most); count > 0; count = counter.takeRun(most)) {
      taken.push([count, counter.senderId, counter.number]);
      expect(counter.takeLowSignal()).toBe(counter.remaining === 1);
    }
    expect(taken).toEqual(runs);
    expect([counter.remaining, counter.takeRun(most)]).toEqual([0, 0]);
  });

  it("takes numbers one at a time when a low mark was passed without asking for the signal", () => {
    const counter = new SequenceCounter({ senderId: 0, first: 0, end: 4 });
    for (let i = 0; i < 3; i++) counter.take();
    expect([counter.takeRun(5), counter.number]).toEqual([1, 3]);
    counter.extend({ senderId: 0, first: 4, end: 8 });
    counter.takeLowSignal();
    expect([counter.takeRun(5), counter.number]).toEqual([3, 6]);
  });

  it("never repeats or moves backwards, whatever it is given", () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 12 }))
      .map(([senderId, first, size]) => ({ senderId, first, end: first + size }));
    const action = fc.oneof(range, fc.integer({ min: 1, max: 10 }));
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const counter = new SequenceCounter();
        const highest = new Map<number, number>();
        for (const next of actions) {
          if (typeof next !== "number") {
            try {
              counter.extend(next);
            } catch {
              // refused ranges must leave no trace, which the takes below show
            }
            continue;
          }
          for (let i = 0; i < next; i++) {
            const before = counter.remaining;
            const taken = counter.take();
            expect(counter.remaining).toBe(taken ? before - 1 : 0);
            if (!taken) continue;
            expect(counter.number).toBeGreaterThan(highest.get(counter.senderId) ?? -1);
            highest.set(counter.senderId, counter.number);
          }
        }
      }),
    );
  });
});

it("gives up what is left, and goes on behind it only", () => {
  const counter = new SequenceCounter({ senderId: 1, first: 0, end: 10 });
  counter.take();
  counter.extend({ senderId: 1, first: 10, end: 20 });
  counter.skip();
  expect([counter.remaining, counter.take(), counter.takeLowSignal()]).toEqual([0, false, true]);
  expect(() => counter.extend({ senderId: 1, first: 5, end: 50 })).toThrow("were reserved before");
  counter.extend({ senderId: 1, first: 30, end: 40 });
  expect([counter.take(), counter.number]).toEqual([true, 30]);
});
