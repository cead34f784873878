import { describe, expect, it } from "vitest";
import { WarmingLoop } from "../../src/data-plane/warming-loop.ts";

/** What happens when packets are there at the given runs: steps of the warm-up, and how long each run may wait. */
function history(steps: number, packets: readonly boolean[]): (string | number)[] {
  const calls: (string | number)[] = [];
  let left = steps;
  const warmUp = {
    step: () => {
      if (left === 0) return false;
      calls.push("step");
      left--;
      return true;
    },
    get isComplete() {
      return left === 0;
    },
  };
  const coming = [...packets];
  const run = (mostMs: number): boolean => {
    calls.push(mostMs);
    return coming.shift() ?? false;
  };
  const loop = new WarmingLoop({ run }, warmUp);
  while (coming.length > 0) loop.run();
  return calls;
}

describe("warming up between packets", () => {
  it("goes on step by step while there are none, and only looks for them", () => {
    expect(history(3, [false, false, false])).toEqual(["step", 0, "step", 0, "step", 0]);
  });

  it("leaves a stream alone until it pauses", () => {
    expect(history(3, [true, true, false, false])).toEqual(["step", 0, 1, 1, "step", 0]);
  });

  it("waits without end when nothing is left to do, packets or not", () => {
    expect(history(1, [false, true, true, false])).toEqual(["step", 0, -1, -1, -1]);
  });
});
