import { describe, expect, it } from "vitest";
import {
  epochOf,
  FIRST_BLOCK,
  firstPosition,
  later,
  MAX_BLOCK,
  nextBlockSize,
  type SequencePosition,
  type SequenceSpace,
  senderIdOf,
  takeRange,
} from "../../src/daemon/sequence-space.ts";

const END = 2 ** 32;
const START = 2 ** 28;
const lowest = (least: number): number => least;
const space: SequenceSpace = { baseSenderId: 7, cluster: false, kept: true, random: lowest };

describe("where an epoch begins", () => {
  it.each([
    [true, 2 ** 28, 2 ** 29],
    [false, 2 ** 28, 2 ** 31],
  ])("kept %s: from %i on, below %i", (kept, least, limit) => {
    const asked: number[][] = [];
    const random = (...range: number[]) => {
      asked.push(range);
      return 300_000_000;
    };
    expect(firstPosition({ ...space, kept, random })).toEqual({ epoch: 0, next: 300_000_000 });
    expect(asked).toEqual([[least, limit]]);
  });
});

describe("taking ranges", () => {
  it.each<[SequencePosition, number, unknown, SequencePosition]>([
    [{ epoch: 0, next: 5 }, 10, { senderId: 7, first: 5, end: 15 }, { epoch: 0, next: 15 }],
    [{ epoch: 0, next: END - 10 }, 10, { senderId: 7, first: END - 10, end: END }, { epoch: 0, next: END }],
    [{ epoch: 0, next: END - 3 }, 10, { senderId: 7, first: END - 3, end: END }, { epoch: 0, next: END }],
    [{ epoch: 0, next: END - 1 }, 1, { senderId: 7, first: END - 1, end: END }, { epoch: 0, next: END }],
    [{ epoch: 0, next: END }, 10, { senderId: 263, first: START, end: START + 10 }, { epoch: 1, next: START + 10 }],
    [{ epoch: 1, next: 5 }, 1, { senderId: 263, first: 5, end: 6 }, { epoch: 1, next: 6 }],
  ])("%j, %i", (position, count, range, next) => {
    expect(takeRange(space, position, count)).toEqual({ range, next });
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses to take %d", (count) => {
    expect(() => takeRange(space, { epoch: 0, next: 5 }, count)).toThrow(RangeError);
  });

  it.each([
    [false, 65_536],
    [true, 256],
  ])("with a cluster %s ends after %i epochs", (cluster, epochs) => {
    const last = { epoch: epochs - 1, next: END - 1 };
    const { next } = takeRange({ ...space, cluster }, last, 5);
    expect(next).toEqual({ epoch: epochs - 1, next: END });
    expect(() => takeRange({ ...space, cluster }, next, 1)).toThrow(
      expect.objectContaining({ name: "AnytunError", code: "sequence-exhausted" }),
    );
  });
});

describe("sender ids of epochs", () => {
  it.each([0, 1, 255, 256, 65_535])("are all different from base %i on", (base) => {
    const ids = new Set(Array.from({ length: 65_536 }, (_, epoch) => senderIdOf(base, epoch)));
    expect(ids.size).toBe(65_536);
    expect(Math.min(...ids)).toBe(0);
    expect(Math.max(...ids)).toBe(65_535);
    for (const epoch of [0, 1, 255, 256, 257, 65_535]) expect(epochOf(base, senderIdOf(base, epoch))).toBe(epoch);
  });

  it("keep the low byte for 256 epochs, so that nodes with other low bytes are never met", () => {
    const idsOf = (base: number) => Array.from({ length: 256 }, (_, epoch) => senderIdOf(base, epoch));
    expect(idsOf(0x1234).every((id) => (id & 0xff) === 0x34)).toBe(true);
    const met = new Set([...idsOf(0x1234), ...idsOf(0x1235)]);
    expect(met.size).toBe(512);
  });
});

it.each<[SequencePosition, SequencePosition, "first" | "second"]>([
  [{ epoch: 1, next: 0 }, { epoch: 0, next: 9 }, "first"],
  [{ epoch: 0, next: 9 }, { epoch: 1, next: 0 }, "second"],
  [{ epoch: 1, next: 9 }, { epoch: 1, next: 8 }, "first"],
  [{ epoch: 1, next: 8 }, { epoch: 1, next: 9 }, "second"],
])("the later of %j and %j is the %s", (a, b, which) => {
  expect(later(a, b)).toBe(which === "first" ? a : b);
});

it.each([
  [FIRST_BLOCK, 9_999, FIRST_BLOCK * 2],
  [FIRST_BLOCK, 10_000, FIRST_BLOCK],
  [FIRST_BLOCK, 1e9, FIRST_BLOCK],
  [MAX_BLOCK / 2, 0, MAX_BLOCK],
  [MAX_BLOCK, 0, MAX_BLOCK],
])("after a block of %i that lasted %i ms comes one of %i", (previous, lasted, next) => {
  expect(nextBlockSize(previous, lasted)).toBe(next);
});
