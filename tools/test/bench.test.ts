import { describe, expect, it } from "vitest";
import { interleave } from "../src/bench/interleave.ts";
import type { Figures } from "../src/bench/measure-contender.ts";
import { barPicture } from "../src/bench/picture.ts";
import { readPlan } from "../src/bench/plan.ts";
import { benchmarkReport } from "../src/bench/report.ts";
import { type Column, crossTable, largestSpread, medianOf, ratioText, resultTable } from "../src/bench/results.ts";
import { withLosses } from "../src/bench/sections/contenders.ts";
import { firstPacketTable } from "../src/bench/sections/first-packet.ts";
import { sections } from "../src/bench/sections/index.ts";
import { kernelTable } from "../src/bench/sections/kernels.ts";
import { stageTable } from "../src/bench/sections/stages.ts";
import { startTable } from "../src/bench/sections/start-up.ts";
import { stepsTable } from "../src/bench/sections/steps.ts";
import { kernelOf, missingKernels } from "../src/bench/sections/variants.ts";
import { LabError } from "../src/lab/index.ts";
import { type Stage, type StageReport, stageFigures, stages } from "../src/measure/stages.ts";

describe("the table of first packets", () => {
  it("has a row for each start, and none of what is not installed", () => {
    const rows = firstPacketTable({ node: [40, 50, 60], version: [50], first: [70, 71, 90], original: [] });
    expect(rows.map((row) => row.slice(1))).toEqual([
      ["median, ms", "of ten, the second slowest"],
      ["50", "58"],
      ["50", "50"],
      ["71", "86"],
      ["–", "–"],
    ]);
  });
});

describe("the table of results", () => {
  const runs = new Map([
    ["ours", [2, 3, 4]],
    ["theirs", [1]],
    ["broken", []],
  ]);
  const value = (rate: number): number => rate;
  const column: Column<number> = { title: "rate", digits: 1, value };

  it("shows medians and their ratio to the reference", () => {
    const ratio = { ...column, reference: "theirs" };
    expect(resultTable(runs, [column, ratio, { ...ratio, ratioOnly: true }])).toEqual([
      ["", "rate", "rate", "rate"],
      ["ours", "3.0", "3.0 (×3.00)", "×3.00"],
      ["theirs", "1.0", "1.0 (×1.00)", "×1.00"],
      ["broken", "–", "–", "–"],
    ]);
  });

  it("does without a reference that was not measured", () => {
    expect(resultTable(runs, [{ ...column, reference: "absent" }])[1]).toEqual(["ours", "3.0"]);
    expect(resultTable(runs, [{ ...column, reference: "broken" }])[1]).toEqual(["ours", "3.0"]);
    expect(ratioText(1, Number.NaN)).toBe("–");
    expect(medianOf(undefined, value)).toBeNaN();
  });

  it("knows how far runs were apart", () => {
    expect(largestSpread(runs, value)).toBeCloseTo(1 / 3);
  });
});

describe("losses", () => {
  it("are added up over the runs", () => {
    const figures: Figures = {
      ...{ tcp: 1, fourStreams: 1, reverse: 1, bidirectional: 1, cpuLeft: 1, cpuRight: 1, smallUdp: 1 },
      ...{ residentLeft: 1, residentRight: 1, idle: 1, busy: 1, loaded: 1, sent: 200, lost: 1 },
    };
    const rows = [
      ["", "ping", "RSS"],
      ["ours", "0.5", "70"],
      ["theirs", "0.3", "3"],
    ];
    expect(withLosses(rows, new Map([["ours", [figures, figures]]]))).toEqual([
      ["", "ping", "pings lost", "RSS"],
      ["ours", "0.5", "2 of 400", "70"],
      ["theirs", "0.3", "0 of 0", "3"],
    ]);
  });
});

describe("measurements", () => {
  it("take turns, and one that fails does not stop the others", async () => {
    const order: string[] = [];
    const told: string[] = [];
    const entry = (name: string, failing = -1) => {
      let run = 0;
      const measure = async (): Promise<number> => {
        run += 1;
        order.push(`${name}${run}`);
        if (run === failing) throw new LabError("timeout", "did not start\nmore about it");
        return run;
      };
      return { name, measure };
    };
    const { runs, failures } = await interleave([entry("a"), entry("b", 2)], 3, String, (line) => told.push(line));
    expect(order).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]);
    expect([...runs]).toEqual([
      ["a", [1, 2, 3]],
      ["b", [1, 3]],
    ]);
    expect(failures).toEqual(["b, run 2: did not start"]);
    expect(told).toHaveLength(6);
    expect(told[3]).toMatch(/^run 2 of 3 {2}b .*did not start/);
  });

  it("end with a defect of the benchmark itself", async () => {
    const defect = { name: "a", measure: () => Promise.reject(new TypeError("a defect")) };
    await expect(interleave([defect], 1, String, () => {})).rejects.toThrow("a defect");
  });
});

describe("the plan", () => {
  it("is everything five times, and written", () => {
    const plan = readPlan([]);
    expect(plan).toEqual({ runs: 5, seconds: 2, sections: Object.keys(sections), only: undefined, writes: true });
    expect(readPlan(["--runs", "7", "--seconds", "0.5"])).toMatchObject({ runs: 7, seconds: 0.5, writes: true });
  });

  it("that leaves something out is not written", () => {
    expect(readPlan(["--quick"])).toMatchObject({ runs: 1, seconds: 1, writes: false });
    expect(readPlan(["--quick", "--runs", "2"])).toMatchObject({ runs: 2, seconds: 1, writes: false });
    expect(readPlan(["--no-write"]).writes).toBe(false);
    const some = readPlan(["--sections", "kernels,stages"]);
    expect(some).toMatchObject({ sections: ["stages", "kernels"], writes: false });
  });

  it("with some contenders has only sections with these", () => {
    expect(readPlan(["--only", "tap"])).toMatchObject({ sections: ["variants"], only: ["tap"], writes: false });
    expect(readPlan(["--only", "uanytun"]).sections).toEqual(["contenders", "congestion", "variants", "underlays"]);
  });

  it.each([
    [["--runs", "0"], /--runs 0: expected/],
    [["--runs", "1.5"], /--runs 1\.5: expected/],
    [["--seconds", "soon"], /--seconds soon: expected/],
    [["--sections", "stages,nonsense"], /no section nonsense: expected some of contenders/],
    [["--only", "openvpn"], /no contender openvpn: expected some of ours/],
    [["--fast"], /--fast/],
  ])("refuses %j", (args, message) => {
    expect(() => readPlan(args)).toThrow(LabError);
    expect(() => readPlan(args)).toThrow(message);
    expect(() => readPlan(args)).toThrow(/usage: npm run bench/);
  });
});

/** Every stage took 3 ms in 10 calls of 20 packets, with a clock of 0.1 ms: 2 ms are its own. */
function stageReport(turnMs: number): StageReport {
  const sum = { ms: 3, calls: 10, packets: 200 };
  return {
    stages: {
      ...{ wait: { ms: 51, calls: 10, packets: 0 }, read: sum, frame: sum, seal: sum, send: sum },
      ...{ receive: sum, classify: sum, open: sum, accept: sum, write: { ms: 0, calls: 0, packets: 0 } },
    },
    turnMs,
    clockMs: 0.1,
    residentMib: 50,
  };
}

describe("stages", () => {
  // 8 stages of 3 ms and 51 of waiting, 90 readings of the clock outside of them, and 4 ms of the turn itself.
  const figures = stageFigures(stageReport(8 * 3 + 51 + 9 + 4));

  it("are counted without the clocks, per packet and as shares of the time that is not waited", () => {
    expect(figures.nanoseconds.seal).toBeCloseTo(10_000);
    expect(figures.batch.seal).toBe(20);
    expect(figures.share.seal).toBeCloseTo(2 / 20);
    expect(figures.nanoseconds.write).toBeNaN();
    expect(figures.share.write).toBe(0);
    expect(figures.restNanoseconds).toBeCloseTo((4 / 400) * 1e6);
    expect(figures.restShare).toBeCloseTo(4 / 20);
    expect(figures.typescriptShare).toBeCloseTo((3 * 2 + 4) / 20);
    const shares = stages.reduce((total, stage: Stage) => total + figures.share[stage], figures.restShare);
    expect(shares).toBeCloseTo(1);
  });

  it("are never below nothing", () => {
    expect(stageFigures({ ...stageReport(0), clockMs: 5 }).restShare).not.toBeLessThan(0);
  });

  it("are a row each", () => {
    const run = { rate: 5, left: figures, right: figures, residentMib: 50, readyMs: 9 };
    const rows = stageTable([run, run]);
    expect(rows).toHaveLength(1 + stages.length + 1);
    expect(rows[1]).toEqual(["read", "addon", "10000 (20)", "10.0 %", "10000 (20)", "10.0 %"]);
    expect(rows[2]?.slice(0, 2)).toEqual(["frame", "TypeScript"]);
    expect(rows[9]).toEqual(["write", "addon", "–", "0.0 %", "–", "0.0 %"]);
    expect(rows[10]).toEqual(["turn", "TypeScript", "10000", "20.0 %", "10000", "20.0 %"]);
  });
});

describe("the other tables", () => {
  it("have a row for each kernel and length", () => {
    const cell = (kernel: string, bytes: number, batch: number) => ({ kernel, bytes, batch, seal: 100.4, open: 99.6 });
    expect(kernelTable([cell("evp", 64, 1), cell("evp", 64, 48), cell("aesni", 64, 48)])).toEqual([
      ["", "1", "48"],
      ["evp, 64 bytes", "100 + 100", "100 + 100"],
      ["aesni, 64 bytes", "–", "100 + 100"],
    ]);
  });

  it("name the kernel that is forced, the nearest one that the machine can run", () => {
    expect(kernelOf("aesni", ["avx512", "vaes", "avx512-aesni", "aesni", "avx2-aesni", "evp"])).toBe("aesni");
    expect(kernelOf("aesni", ["avx512-aesni", "avx2-aesni", "evp"])).toBe("avx2-aesni");
    expect(kernelOf("aesni", ["armv8", "evp"])).toBeUndefined();
    expect(kernelOf("evp", ["armv8", "evp"])).toBe("evp");
    expect(missingKernels(["aesni", "evp"], ["armv8", "evp"])).toBe(
      " This machine can run no kernel of the class aesni.",
    );
    expect(missingKernels(["aesni", "evp"], ["avx2-aesni", "evp"])).toBe("");
  });

  it("have a row for each number of peers and routes", () => {
    const pair = { hot: 6.4, random: 59.6 };
    const cell = {
      ...{ family: 6 as const, peers: 65_536, routes: 1_000_000, lookup: pair, outbound: pair, inbound: pair },
      ...{ memory: { peers: 104.2, routes: -0.4 }, insertSeconds: 0.31 },
    };
    const [head, row] = stepsTable([cell]);
    const pairs = ["6 / 60", "6 / 60", "6 / 60"];
    expect(row).toEqual(["IPv6, 65,536 peers, 1,000,000 routes", ...pairs, "104", "0", "0.3"]);
    expect(head).toHaveLength(row?.length ?? 0);
  });

  it("have a row for each circumstance", () => {
    const runs = new Map([
      ["narrow: ours", [4, 6]],
      ["narrow: theirs", [2]],
      ["wide: ours", [8]],
      ["wide: theirs", []],
    ]);
    expect(crossTable(runs, ["narrow", "wide"], ["ours", "theirs"], "theirs", (rate) => rate)).toEqual([
      ["", "ours", "theirs"],
      ["narrow", "5.00 (×2.50)", "2.00 (×1.00)"],
      ["wide", "8.00", "–"],
    ]);
  });
});

describe("the report", () => {
  it("has the picture, the conditions, each section and what failed", () => {
    const result = { tables: [{ caption: "ns:", rows: [["", "a"]] }], text: "Said below.", failures: ["b, run 2: no"] };
    const text = benchmarkReport([[{ title: "A part" }, result]], { command: "npm run x", runs: 5, seconds: 2 });
    expect(text).toContain("](benchmarks.svg)");
    expect(text).toContain("Written by `npm run x` on ");
    expect(text).toContain("## A part\n\nns:\n\n|  | a |\n| --- | ---: |\n\nSaid below.");
    expect(text).toContain("missing below: b, run 2: no.");
    expect(text).not.toMatch(/\n{3,}/);
    const clean = benchmarkReport([[{ title: "A part" }, { ...result, failures: [] }]], {
      ...{ command: "x", runs: 1, seconds: 1 },
    });
    expect(clean).not.toMatch(/failed|\n{3,}/);
  });
});

describe("the picture", () => {
  const picture = barPicture('"bars" & <more>', [
    {
      title: "Rate, a < b",
      digits: 2,
      bars: [
        { name: "ours & co", value: 10, isOurs: true },
        { name: "theirs", value: 2.5, isOurs: false },
        { name: "bare", value: Number.NaN, isOurs: false },
      ],
    },
  ]);

  it("is well-formed", () => {
    const open: string[] = [];
    const style = picture.replace(/<style>[^<]*<\/style>/, "");
    for (const [tag, end, name = "", empty] of style.matchAll(/<(\/?)([a-z]+)(?: [a-zA-Z-]+="[^"<]*")*(\/?)>/g)) {
      if (end !== "") expect(open.pop(), tag).toBe(name);
      else if (empty === "") open.push(name);
    }
    expect(open).toEqual([]);
    // Whatever is left of the text has neither brackets nor bare ampersands.
    const text = style.replaceAll(/<(\/?)([a-z]+)(?: [a-zA-Z-]+="[^"<]*")*(\/?)>/g, "");
    expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
    expect(text).toContain("&quot;bars&quot; &amp; &lt;more&gt;");
  });

  it("has bars in proportion, and none without a number", () => {
    const bars = [...picture.matchAll(/<rect class="(\w+)".* width="(\d+)"/g)].map(([, kind, width]) => [
      kind,
      Number(width),
    ]);
    expect(bars.map(([kind]) => kind)).toEqual(["ours", "bar"]);
    expect(Number(bars[0]?.[1]) / Number(bars[1]?.[1])).toBeCloseTo(4, 1);
    expect(picture).toContain(">10.00<");
    expect(picture).not.toMatch(/NaN|bare/);
  });
});

it("lays out the steps of starts as medians", () => {
  const starts = [
    { read: 100, up: 200 },
    { read: 110, up: 230 },
    { read: 130, up: 300 },
  ];
  expect(startTable([40, 50, 41], starts)).toEqual([
    ["step", "ms since exec"],
    ["(Node alone: an empty program)", "41"],
    ["read", "110"],
    ["up", "230"],
  ]);
});
