import { describe, expect, it } from "vitest";
import { MOST_SPIN_US, SpinBudget } from "../src/spin-budget.ts";

const MOST = MOST_SPIN_US * 1000;

/** Budget before each wait, and how it ended: `hit` in the look, `slept` to a packet, `idle` without one. */
function run(...ends: ("hit" | "slept" | "idle")[]): number[] {
  const budget = new SpinBudget();
  return ends.map((end) => {
    const before = budget.nanoseconds;
    budget.learn(end !== "hit", end !== "idle");
    return before;
  });
}

describe("the time to look before sleeping", () => {
  it("is nothing at first, and all of it after a packet", () => {
    expect(run("slept", "hit", "hit")).toEqual([0, MOST, MOST]);
  });

  it("is halved by a look in vain and restored by one that found a packet", () => {
    expect(run("slept", "slept", "slept", "hit", "hit")).toEqual([0, MOST, MOST / 2, MOST / 4, MOST]);
  });

  it("is nothing after a wait that brought no packet", () => {
    expect(run("slept", "idle", "idle", "slept", "hit")).toEqual([0, MOST, 0, 0, MOST / 2]);
  });

  it("costs packets that come at long intervals next to nothing", () => {
    const budgets = run(...Array.from({ length: 1000 }, () => "slept" as const));
    const spent = budgets.reduce((sum, one) => sum + one, 0);
    // a full look and its halves once in seventy waits, instead of a full one in each
    expect(spent / (1000 * MOST)).toBeLessThan(0.04);
    expect(budgets.filter((one) => one === MOST).length).toBeGreaterThan(5);
  });
});
