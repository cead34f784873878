import type { SequenceRange } from "satp-core";
import { expect, it } from "vitest";
import { FIRST_BLOCK, MAX_BLOCK } from "../../src/daemon/sequence-space.ts";
import { SequenceSupply } from "../../src/daemon/sequence-supply.ts";
import { AnytunError } from "../../src/errors.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { MemoryBook } from "../support/memory-book.ts";
import { memoryLog } from "../support/memory-log.ts";

const MUX = 3;
const setUp = () => {
  const book = new MemoryBook();
  const clock = new FakeClock();
  const { log, lines } = memoryLog();
  const delivered: SequenceRange[] = [];
  const muxes: number[] = [];
  const supply = new SequenceSupply(book, log, clock, (mux, range) => {
    muxes.push(mux);
    delivered.push(range);
  });
  return { book, clock, lines, supply, delivered, muxes };
};

const size = ({ first, end }: SequenceRange): number => end - first;
const full = (): Error => new AnytunError("state", "state file /x: no space");

it("doubles the block while blocks are used up quickly, up to a limit", async () => {
  const { supply, clock, delivered } = setUp();
  expect(supply.first([{ mux: MUX, headerMux: MUX }]).map(size)).toEqual([FIRST_BLOCK]);
  for (let i = 0; i < 6; i++) supply.refill(MUX, MUX);
  expect(delivered.map(size)).toEqual([2, 4, 8, 16, 16, 16].map((factor) => factor * FIRST_BLOCK));
  expect(MAX_BLOCK).toBe(16 * FIRST_BLOCK);
  await clock.advance(10_000);
  supply.refill(MUX, MUX);
  expect(delivered.slice(1).every((range, i) => range.first === delivered[i]?.end)).toBe(true);
});

it("keeps the block size while a block lasts", async () => {
  const { supply, clock, delivered } = setUp();
  supply.first([{ mux: MUX, headerMux: MUX }]);
  await clock.advance(10_000);
  supply.refill(MUX, MUX);
  expect(delivered.map(size)).toEqual([FIRST_BLOCK]);
});

it("gives connections with one mux in their headers numbers of their own, not below what is asked for", () => {
  const { supply } = setUp();
  const ranges = supply.first([
    { mux: 1, headerMux: 0 },
    { mux: 2, headerMux: 0, atLeast: 2 ** 30 },
    { mux: 3, headerMux: 3 },
  ]);
  expect(ranges.map(({ first }) => first)).toEqual([0, 2 ** 30, 0]);
});

it("tries again until the state can be written, for all who wait, with one line before and one after", async () => {
  const { supply, book, clock, lines, delivered, muxes } = setUp();
  book.failures.push(full(), full(), full());
  supply.refill(1, 1);
  supply.refill(2, 2);
  supply.refill(3, 3);
  supply.forget(2);
  await clock.advance(3_900);
  expect(delivered).toEqual([]);
  await clock.advance(4_000);
  expect(muxes).toEqual([1, 3]);
  expect(lines).toEqual(["ERROR: state file /x: no space", "NOTICE: sequence numbers can be reserved again"]);
  supply.refill(1, 1);
  expect(muxes).toEqual([1, 3, 1]);
});

it("gives up with one line when a mux has no numbers left", () => {
  const { supply, book, lines, delivered } = setUp();
  book.failures.push(new AnytunError("sequence-exhausted", "all sequence numbers of this key are used up"));
  supply.refill(MUX, MUX);
  expect(delivered).toEqual([]);
  expect(lines).toEqual(["ERROR: all sequence numbers of this key are used up"]);
});

it("ends a retry under way when it is closed", async () => {
  const { supply, book, clock, delivered } = setUp();
  book.failures.push(full());
  supply.refill(MUX, MUX);
  supply.close();
  supply.close();
  await clock.advance(60_000);
  expect(delivered).toEqual([]);
});
