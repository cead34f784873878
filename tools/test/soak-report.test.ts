// What the long runs take for a fault, and how docs/SOAK.md keeps the parts that were not run again.
import { describe, expect, it } from "vitest";
import { LabError } from "../src/lab/index.ts";
import { provenance, sectionText, soakDocument } from "../src/soak/document.ts";
import { type Fault, type FaultResult, unfinished } from "../src/soak/fault-lab.ts";
import { faultList, faultsSection } from "../src/soak/faults.ts";
import { type LoadResult, loadCases } from "../src/soak/interop-load.ts";
import type { LoadEnd } from "../src/soak/load-end.ts";
import { loadFaults, loadSection } from "../src/soak/load-report.ts";

function end(own: string, other: string): LoadEnd {
  return {
    sent: [own, `${own}2`].map((sha256) => ({ bytes: 1_000_000, sha256 })),
    // streams end in any order
    received: [`${other}2`, other].map((sha256) => ({ bytes: 1_000_000, sha256 })),
    datagramsSent: 1000,
    datagramsReceived: 900,
    datagramsWrong: 0,
    datagramsRepeated: 0,
    datagramsOvertaken: 0,
  };
}

const bulk: readonly (readonly [string, number])[] = [
  ["super-frames", 10],
  ["segments", 300],
  ["joined-writes", 10],
  ["joined-frames", 200],
  ["segmented-sends", 10],
  ["segmented-datagrams", 300],
  ["refused-sends", 0],
  ["coalesced-receives", 10],
  ["coalesced-datagrams", 200],
  ["lost-datagrams", 0],
];

const good: LoadResult = {
  wanted: { peer: "uanytun", ourRole: "left", inside: 4, outside: 6 },
  seconds: 60,
  ends: [end("a", "b"), end("b", "a")],
  counters: { packetsIn: 1, packetsOut: 1, drops: new Map([["no-endpoint", 1]]), offloads: new Map(bulk), text: "" },
  offloads: ["segmentation", "coalescing", "checksum", "tso4", "tso6", "coalesce-tcp", "coalesce-udp"],
  checksumErrors: 0,
};

/** Our end, or theirs, with something else. */
const ours = (change: Partial<LoadEnd>): LoadResult => ({
  ...good,
  ends: [{ ...good.ends[0], ...change }, good.ends[1]],
});
const theirs = (change: Partial<LoadEnd>): LoadResult => ({
  ...good,
  ends: [good.ends[0], { ...good.ends[1], ...change }],
});
const counted = (changes: readonly [string, number][]): LoadResult => ({
  ...good,
  counters: { ...good.counters, offloads: new Map([...bulk, ...changes]) },
});
const stream = (bytes: number, sha256: string) => ({ bytes, sha256 });

describe("a run under load", () => {
  it("has every original, role and family, and each original both families outside both", () => {
    const cases = loadCases();
    expect(cases).toHaveLength(8);
    for (const peer of ["anytun", "uanytun"]) {
      const pairs = cases.filter((one) => one.peer === peer).map(({ inside, outside }) => `${inside} in ${outside}`);
      expect(pairs.sort()).toEqual(["4 in 4", "4 in 6", "6 in 4", "6 in 6"]);
    }
  });

  it("without faults has none", () => {
    expect(loadFaults(good)).toEqual([]);
    expect(loadSection([good]).body).toContain("| 300 (30) | 200 (20) | 300 (30) | 200 (20) | no-endpoint=1 |");
  });

  it.each<[string, LoadResult, RegExp]>([
    ["a wrong byte to them", theirs({ received: [stream(1_000_000, "a"), stream(1_000_000, "x")] }), /to them differ/],
    ["a wrong byte to us", ours({ received: [stream(1_000_000, "x"), stream(1_000_000, "b2")] }), /to us differ/],
    ["a missing byte", theirs({ received: [stream(999_999, "a"), stream(1_000_000, "a2")] }), /to them differ/],
    ["a missing stream", theirs({ received: [stream(1_000_000, "a")] }), /to them differ/],
    [
      "no streams",
      {
        ...good,
        ends: [
          { ...good.ends[0], sent: [] },
          { ...good.ends[1], received: [] },
        ],
      },
      /to them differ/,
    ],
    ["wrong datagrams", theirs({ datagramsWrong: 1 }), /1 wrong datagrams to them/],
    ["repeated datagrams", ours({ datagramsRepeated: 2 }), /2 repeated datagrams to us/],
    ["overtaken datagrams", ours({ datagramsOvertaken: 3 }), /3 overtaken datagrams to us/],
    ["hardly a datagram", ours({ datagramsReceived: 100 }), /only 100 of 1000 datagrams to us/],
    ["a wrong checksum", { ...good, checksumErrors: 1 }, /1 packets with a wrong checksum/],
    [
      "a drop",
      { ...good, counters: { ...good.counters, drops: new Map([["replay", 4]]) } },
      /4 packets dropped: replay/,
    ],
    ["an offload that is off", { ...good, offloads: good.offloads.slice(1) }, /did not grant segmentation/],
    ["an offload that did nothing", counted([["coalesced-receives", 0]]), /no coalesced-receives/],
    ["a refusal", counted([["refused-sends", 1]]), /refused-sends are not 0/],
  ])("tells of %s, and of nothing else", (_name, result, fault) => {
    const faults = loadFaults(result);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^uanytun, ours left, IPv4 in IPv6: /);
    expect(faults[0]).toMatch(fault);
  });

  it("tells of an empty stream", () => {
    const empty = [stream(0, "e"), stream(1, "f")];
    const result = {
      ...good,
      ends: [
        { ...good.ends[0], sent: empty },
        { ...good.ends[1], received: empty },
      ],
    } as const;
    expect(loadFaults(result)).toEqual(["uanytun, ours left, IPv4 in IPv6: an empty stream to them"]);
  });
});

describe("faults of which only some were tried again", () => {
  const traffic = [{ sent: 10, answered: 9, repeated: 0, lost: 1, gaps: [] }];
  const well: FaultResult = { done: "it", traffic, cost: "a datagram", faults: [] };
  const [first, second, third] = faultList;
  const results = (...of: readonly (readonly [Fault | undefined, FaultResult])[]) =>
    of.flatMap(([fault, result]) => (fault === undefined ? [] : [[fault, result] as const]));
  const text = (section: ReturnType<typeof faultsSection>): string =>
    sectionText(soakDocument("", [section], ["Faults"], "call"), "Faults");

  it("keeps the rows of the others, and says so", () => {
    const before = text(faultsSection(results([first, well], [second, { ...well, cost: "two" }])));
    const after = faultsSection(results([second, well], [third, well]), before);
    expect(after.faults).toEqual([]);
    expect(after.body).toContain("One row is of the run before this one");
    const rows = after.body.match(/^\| .* \|$/gm)?.slice(2);
    expect(rows).toEqual([first, second, third].map((fault) => `| ${fault?.name} | it | 9 of 10 | a datagram |`));
  });

  it("forgets no fault that was not tried again", () => {
    const failed = unfinished(new LabError("timeout", "too late"));
    const before = faultsSection(results([first, failed], [second, well]));
    expect(before.faults).toEqual([`${first?.name}: timeout: too late`]);
    const after = faultsSection(results([second, well]), text(before));
    expect(after.faults).toEqual([`${first?.name}: in the run before`]);
    expect(faultsSection(results([first, well]), text(after)).faults).toEqual([]);
  });
});

describe("the document", () => {
  const section = (title: string, body: string, faults: string[] = []) => ({ title, body, faults });

  it("keeps what was not run again, in its order", () => {
    const titles = ["First", "Second", "Third"];
    const first = soakDocument("", [section("Third", "3"), section("First", "1")], titles, "call one");
    const second = soakDocument(first, [section("Second", "2"), section("Third", "4", ["broken"])], titles, "call two");
    expect(second.slice(second.indexOf("## "))).toBe(
      "## First\n\ncall one: everything held.\n\n1\n\n" +
        "## Second\n\ncall two: everything held.\n\n2\n\n" +
        "## Third\n\ncall two: **faults: broken.**\n\n4\n",
    );
    expect(soakDocument(second, [], titles, "")).toBe(second);
  });

  it("names the call and the machine", () => {
    expect(provenance([])).toMatch(/^`npm run soak`, \d{4}-\d\d-\d\d, .*, \d+ cores, Node\.js v\d/);
    expect(provenance(["--only", "load"])).toContain("`npm run soak -- --only load`");
  });
});
