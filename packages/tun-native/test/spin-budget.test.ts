import { describe, expect, it } from "vitest";
import { MOST_SPIN_US, SpinBudget } from "../src/spin-budget.ts";

const MOST = MOST_SPIN_US * 1000;

/** How a wait ended: `hit` in the look, `crowded` in one that took too long, `slept` to a packet, `idle` without one. */
type End = "hit" | "crowded" | "slept" | "idle";

/** Budget before each wait. */
function run(...ends: End[]): number[] {
  const budget = new SpinBudget();
  return ends.map((end) => {
    const before = budget.nanoseconds;
    budget.learn(end === "slept" || end === "idle", end !== "idle", end === "crowded");
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

  it("is nothing for the next 64 packets after a look that took too long", () => {
    const next = Array.from({ length: 66 }, () => "slept" as const);
    // the one that came late is the first of them
    expect(run("slept", "crowded", ...next)).toEqual([
      0,
      MOST,
      ...new Array<number>(63).fill(0),
      MOST,
      MOST / 2,
      MOST / 4,
    ]);
  });

  it("costs packets that come at long intervals next to nothing", () => {
    const budgets = run(...Array.from({ length: 1000 }, () => "slept" as const));
    const spent = budgets.reduce((sum, one) => sum + one, 0);
    // a full look and its halves once in seventy waits, instead of a full one in each
    expect(spent / (1000 * MOST)).toBeLessThan(0.04);
    expect(budgets.filter((one) => one === MOST).length).toBeGreaterThan(5);
  });
});
