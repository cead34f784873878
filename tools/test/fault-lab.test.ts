import { describe, expect, it } from "vitest";
import { lossFaults, lostOf } from "../src/soak/fault-lab.ts";
import type { ProbeReport } from "../src/soak/fault-probe.ts";

const report = (...gaps: ProbeReport["gaps"]): ProbeReport => ({
  sent: 1000,
  answered: 900,
  repeated: 0,
  lost: 0,
  gaps,
});

describe("what a fault may cost", () => {
  const outage = { fromMs: 10_000, toMs: 12_000 };

  it("is what was sent while something was broken, or just before and after", () => {
    const gap = { fromMs: 9_900, toMs: 12_200, lost: 230 };
    expect(lossFaults([report(gap), report()], [outage], 300)).toEqual([]);
    expect(lostOf([{ ...report(gap), lost: 230 }, report()])).toBe(230);
    expect(lossFaults([{ ...report(gap), lost: 231 }], [outage], 300)).toEqual(["more was lost than can be named"]);
  });

  it.each([
    [{ fromMs: 8_900, toMs: 11_000, lost: 200 }],
    [{ fromMs: 11_000, toMs: 12_301, lost: 130 }],
    [{ fromMs: 20_000, toMs: 20_000, lost: 1 }],
  ])("is nothing else: %j", (gap) => {
    expect(lossFaults([report(gap)], [outage], 300)).toEqual([expect.stringMatching(/lost without a reason/)]);
  });

  it("is never an answer that comes twice, or hardly any", () => {
    expect(lossFaults([{ ...report(), repeated: 2 }], [], 0)).toEqual(["2 answers came more than once"]);
    expect(lossFaults([{ ...report(), answered: 50 }], [], 0)).toEqual(["only 50 of 1000 datagrams were answered"]);
  });
});
