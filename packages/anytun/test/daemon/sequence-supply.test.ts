import type { SequenceRange } from "satp-core";
import { expect, it } from "vitest";
import { FIRST_BLOCK, MAX_BLOCK } from "../../src/daemon/sequence-space.ts";
import { type RangeSource, SequenceSupply } from "../../src/daemon/sequence-supply.ts";
import { AnytunError } from "../../src/errors.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { memoryLog } from "../support/memory-log.ts";

/** Hands out consecutive numbers, or throws what is in `failures` first. */
class Source implements RangeSource {
  readonly failures: Error[] = [];
  #next = 0;

  reserve(count: number): SequenceRange {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const first = this.#next;
    this.#next += count;
    return { senderId: 0, first, end: this.#next };
  }
}

const setUp = () => {
  const source = new Source();
  const clock = new FakeClock();
  const { log, lines } = memoryLog();
  return { source, clock, lines, supply: new SequenceSupply(source, log, clock), delivered: [] as SequenceRange[] };
};

const size = ({ first, end }: SequenceRange): number => end - first;

it("doubles the block while blocks are used up quickly, up to a limit", async () => {
  const { supply, clock, delivered } = setUp();
  expect(size(supply.first())).toBe(FIRST_BLOCK);
  for (let i = 0; i < 6; i++) await supply.refill((range) => delivered.push(range));
  expect(delivered.map(size)).toEqual([2, 4, 8, 16, 16, 16].map((factor) => factor * FIRST_BLOCK));
  expect(MAX_BLOCK).toBe(16 * FIRST_BLOCK);
  await clock.advance(10_000);
  await supply.refill((range) => delivered.push(range));
  expect(delivered.slice(1).every((range, i) => range.first === delivered[i]?.end)).toBe(true);
});

it("keeps the block size while a block lasts", async () => {
  const { supply, clock, delivered } = setUp();
  await clock.advance(10_000);
  await supply.refill((range) => delivered.push(range));
  expect(delivered.map(size)).toEqual([FIRST_BLOCK]);
});

it("tries again until the state can be written, with one line before and one after", async () => {
  const { supply, source, clock, lines, delivered } = setUp();
  source.failures.push(...Array.from({ length: 3 }, () => new AnytunError("state", "state file /x: no space")));
  const refill = supply.refill((range) => delivered.push(range));
  await clock.advance(5_900);
  expect(delivered).toEqual([]);
  await clock.advance(200);
  await refill;
  expect(delivered).toHaveLength(1);
  expect(lines).toEqual(["ERROR: state file /x: no space", "NOTICE: sequence numbers can be reserved again"]);
});

it("gives up with one line when the key has no numbers left", async () => {
  const { supply, source, lines, delivered } = setUp();
  source.failures.push(new AnytunError("sequence-exhausted", "all sequence numbers of this key are used up"));
  await supply.refill((range) => delivered.push(range));
  expect(delivered).toEqual([]);
  expect(lines).toEqual(["ERROR: all sequence numbers of this key are used up"]);
});

it("ends a retry under way when it is closed", async () => {
  const { supply, source, delivered } = setUp();
  source.failures.push(...Array.from({ length: 9 }, () => new AnytunError("state", "read-only")));
  const refill = supply.refill((range) => delivered.push(range));
  supply.close();
  supply.close();
  await refill;
  expect(delivered).toEqual([]);
});
