// Where the time of a packet goes: nanoseconds of each stage, and what of it is TypeScript.

import {
  measureStages,
  type StageFigures,
  type StageRun,
  stages as stageNames,
  typescriptStages,
} from "../../measure/stages.ts";
import { measureTypescriptShare } from "../../measure/typescript-share.ts";
import { type Entry, interleave } from "../interleave.ts";
import { medianOf } from "../results.ts";
import type { Section, SectionResult } from "../section.ts";

type Side = "left" | "right";
type Measured = StageRun | { readonly shares: readonly [number, number] };

export const stages: Section = {
  title: "Stage by stage",
  contenders: [],
  needs: () => ["root", "tun", "ip", "ping", "iperf3"],
  async measure(settings): Promise<SectionResult> {
    const clocks: Entry<Measured> = {
      name: "clocks",
      measure: () => measureStages({ peers: 1, routes: 0 }, settings.seconds),
    };
    const profiler: Entry<Measured> = {
      name: "profiler",
      measure: async () => ({ shares: await measureTypescriptShare(settings.seconds) }),
    };
    const { runs, failures } = await interleave([clocks, profiler], settings.runs, headline, settings.tell);
    const timed = (runs.get("clocks") ?? []).filter((one) => "rate" in one);
    const shares = (runs.get("profiler") ?? []).filter((one) => "shares" in one).map((one) => one.shares);
    const rate = medianOf(timed, (one) => one.rate);
    return {
      tables: [{ rows: stageTable(timed) }],
      text: `One TCP stream from left to right at ${rate.toFixed(2)} Gbit/s, AES-128, 10 bytes of tag. The product's data plane with a clock around
each call, without the clocks' own time; packets of 1400 bytes one way and acknowledgements the other. ns: per packet, in
brackets how many a call moves. Share: of the time that the end does not wait. Turn: what is left, with the look at TCP's segment sizes.

**TypeScript's share** of the data plane's time: ${percents(timed, shares)} In the profile of \`node --cpu-prof\` of the
unchanged daemon, every 0.2 ms, it is all samples of the worker thread that are not in the addon, of that thread's processor time.`,
      failures,
    };
  },
};

/** A row for each stage, for each end two columns. */
export function stageTable(runs: readonly StageRun[]): string[][] {
  const of = (side: Side, value: (figures: StageFigures) => number): number =>
    medianOf(runs, (run) => value(run[side]));
  const cells = (nanoseconds: number, batch: number, share: number): string[] => [
    Number.isNaN(nanoseconds) ? "–" : `${nanoseconds.toFixed(0)}${Number.isNaN(batch) ? "" : ` (${batch.toFixed(0)})`}`,
    percent(share),
  ];
  const sides = ["left", "right"] as const;
  const stageRow = (stage: (typeof stageNames)[number]): string[] => [
    stage,
    typescriptStages.has(stage) ? "TypeScript" : "addon",
    ...sides.flatMap((side) =>
      cells(
        of(side, ({ nanoseconds }) => nanoseconds[stage]),
        of(side, ({ batch }) => batch[stage]),
        of(side, ({ share }) => share[stage]),
      ),
    ),
  ];
  const rest = sides.flatMap((side) =>
    cells(
      of(side, ({ restNanoseconds }) => restNanoseconds),
      Number.NaN,
      of(side, ({ restShare }) => restShare),
    ),
  );
  return [
    ["stage", "in", "sending end, ns", "share", "receiving end, ns", "share"],
    ...stageNames.map(stageRow),
    ["turn", "TypeScript", ...rest],
  ];
}

function percents(timed: readonly StageRun[], shares: readonly (readonly [number, number])[]): string {
  const clocks = (side: Side): string => percent(medianOf(timed, (run) => run[side].typescriptShare));
  const profile = (end: 0 | 1): string => percent(medianOf(shares, (pair) => pair[end]));
  return `by these clocks ${clocks("left")} at the sending end and ${clocks("right")} at the receiving end, by the profiler ${profile(0)} and ${profile(1)}.`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? "–" : `${(share * 100).toFixed(1)} %`;
}

function headline(one: Measured): string {
  return "rate" in one ? `${one.rate.toFixed(2)} Gbit/s` : `TypeScript ${one.shares.map(percent).join(", ")}`;
}
