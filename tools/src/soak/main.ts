// `npm run soak [-- --only traffic,fuzz,options,load,faults,sync-fuzz,sync-scale,anycast,cluster-mixes,cluster-faults,punch,punch-ports,punch-long,ppp --minutes 10 --datagrams 1000000
// --seed N --matrix-stride 1 --load-seconds 60 --anycast-seconds 300 --frames 10000000 --punch-runs 20 --labs 16
// --punch-record FILE --punch-minutes N --fault NAME,... --no-write]`: a matrix that takes hours can be done in pieces, with a record of its runs
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LabError, lacking } from "../lab/index.ts";
import { bold, dim, green, red } from "../terminal/style.ts";
import {
  type AnycastResult,
  anycastCases,
  anycastSection,
  anycastSwitching,
  caseWords,
  lostPerSwitch,
} from "./anycast.ts";
import type { ClusterFault, ClusterFaultResult } from "./cluster-fault-lab.ts";
import { clusterFaultList, clusterFaultsSection } from "./cluster-faults.ts";
import { clusterMix, clusterMixes, clusterMixesSection, type MixResult, mixFaults, mixWords } from "./cluster-mixes.ts";
import { provenance, type Section, sectionText, soakDocument } from "./document.ts";
import { type Fault, type FaultResult, unfinished } from "./fault-lab.ts";
import { faultList, faultsSection } from "./faults.ts";
import { fuzzCampaign } from "./fuzz-campaign.ts";
import { interopLoad, type LoadResult, loadCases, words } from "./interop-load.ts";
import { loadFaults, loadSection } from "./load-report.ts";
import { optionMatrix } from "./option-matrix.ts";
import { between, type PppResult, pppMixes, pppNetworks, pppOverNatTraverse, pppSection } from "./ppp.ts";
import { changingCells, longCells, mixCells, otherInputCells, trapCells } from "./punch-cells.ts";
import type { PunchCell, PunchResult } from "./punch-matrix.ts";
import { PunchRecord } from "./punch-record.ts";
import { longSection, mixSection, portsSection } from "./punch-report.ts";
import { punchMatrix } from "./punch-schedule.ts";
import { replayBound, replayBoundText } from "./replay-bound.ts";
import { fuzzSection, optionsSection, trafficSection } from "./report.ts";
import { syncFuzz, syncFuzzSection } from "./sync-fuzz.ts";
import { syncScale, syncScaleSection } from "./sync-scale.ts";
import { soakTraffic } from "./traffic-soak.ts";

const usage = `usage: npm run soak [-- --only traffic,fuzz,options,load,faults,sync-fuzz,sync-scale,anycast,cluster-mixes,cluster-faults,punch,punch-ports,punch-long,ppp --minutes 10
  --datagrams 1000000 --seed N --matrix-stride 1 --load-seconds 60 --anycast-seconds 300 --frames 10000000 --punch-runs 20 --labs 16
  --punch-record FILE --punch-minutes N --fault NAME,... --no-write]`;
const titles = [
  "Traffic",
  "Fuzz",
  "Options",
  "Load against the originals",
  "Faults",
  "Cluster frames",
  "Cluster scale",
  "Anycast route",
  "Cluster mixes",
  "Cluster faults",
  "Hole punching",
  "Hole punching through other gateways",
  "Hole punching over a long network",
  "PPP through nat-traverse",
] as const;
const tick = (message: string): void => console.log(dim(`  ${message}`));

const document = fileURLToPath(new URL("../../../docs/SOAK.md", import.meta.url));
const previousDocument = (): string => (existsSync(document) ? readFileSync(document, "utf8") : "");

interface Sizes {
  /** Names of those to try; rows of the others stay. */
  readonly faults: readonly string[];
  readonly minutes: number;
  readonly datagrams: number;
  readonly seed: number;
  readonly stride: number;
  readonly loadSeconds: number;
  readonly anycastSeconds: number;
  readonly frames: number;
  readonly punchRuns: number;
  readonly labs: number;
  readonly punchRecord: string | undefined;
  readonly punchMinutes: number;
}

/** In the order in which they run. */
const parts: Readonly<Record<string, (sizes: Sizes) => Promise<Section>>> = {
  traffic: async ({ minutes }) => {
    console.log(bold(`Traffic for ${minutes} minutes`));
    const result = await soakTraffic(minutes * 60, tick);
    console.log(`  ${result.gigabytes.toFixed(1)} GB, ${result.pingsAnswered} of ${result.pingsSent} pings answered`);
    return trafficSection(result);
  },
  fuzz: async ({ datagrams, seed }) => {
    console.log(bold(`${datagrams} random and mutated datagrams`));
    const result = await fuzzCampaign(datagrams, seed);
    console.log(
      `  ${result.read} read, ${result.counted} counted, ${result.droppedByKernel} without room in the kernel`,
    );
    return fuzzSection(result);
  },
  options: async ({ stride }) => {
    console.log(bold("Combinations of options against both originals"));
    const result = await optionMatrix(stride, tick);
    console.log(`  ${result.passed} work`);
    return optionsSection(result);
  },
  load: async ({ loadSeconds }) => {
    console.log(bold(`Load against both originals, ${loadSeconds} s each`));
    const results: LoadResult[] = [];
    for (const wanted of loadCases()) {
      const result = await interopLoad(wanted, loadSeconds);
      results.push(result);
      tick(`${words(wanted)}: ${loadFaults(result).length === 0 ? "every byte as it was sent" : "faults"}`);
    }
    return loadSection(results);
  },
  faults: async ({ faults }) => {
    console.log(bold("Faults with traffic running"));
    const results: [Fault, FaultResult][] = [];
    for (const fault of faultList.filter(({ name }) => faults.includes(name))) {
      // one that cannot be judged is no reason to forget the others
      const result = await fault.run(true).catch((error: unknown) => unfinished(error));
      results.push([fault, result]);
      tick(`${fault.name}: ${result.done}: ${result.faults.length === 0 ? result.cost : "faults"}`);
    }
    return faultsSection(results, sectionText(previousDocument(), "Faults"));
  },
  ppp: async () => {
    console.log(bold("pppd through nat-traverse"));
    const results: PppResult[] = [];
    for (const gateways of pppNetworks) {
      for (const mix of pppMixes) {
        const result = await pppOverNatTraverse(mix, 5_000_000, gateways);
        results.push(result);
        tick(`${mix.join(" and ")}, ${between(gateways)}: ${result.text}`);
      }
    }
    return pppSection(results);
  },
  "sync-fuzz": async ({ frames, seed }) => {
    console.log(bold(`${frames} mutated frames of the cluster protocol`));
    return syncFuzzSection(syncFuzz(frames, seed, tick));
  },
  punch: async (sizes) => {
    const cells = mixCells(sizes.stride, sizes.punchRuns);
    const others = otherInputCells(sizes.stride, 2);
    const results = await punch("Hole punching", [...cells, ...others], sizes);
    return mixSection(results.slice(0, cells.length), results.slice(cells.length));
  },
  "punch-ports": async (sizes) => {
    const changing = changingCells(sizes.stride, sizes.punchRuns);
    const cells = [...changing, ...trapCells(sizes.punchRuns)];
    const results = await punch("Hole punching through other gateways", cells, sizes);
    return portsSection(results.slice(0, changing.length), results.slice(changing.length));
  },
  "punch-long": async (sizes) => {
    const cells = longCells(sizes.stride, sizes.punchRuns);
    return longSection(await punch("Hole punching over a long network", cells, sizes));
  },
  anycast: async ({ anycastSeconds }) => {
    console.log(bold(`An anycast route that changes, ${anycastSeconds} s each`));
    const results: AnycastResult[] = [];
    for (const wanted of anycastCases) {
      const result = await anycastSwitching(wanted, anycastSeconds);
      results.push(result);
      tick(
        `${caseWords(wanted)}: ${lostPerSwitch(result).toFixed(2)} pings lost for each of ${result.switches} switches`,
      );
    }
    const bound = await replayBound(Math.ceil(anycastSeconds / 8));
    tick(replayBoundText(bound));
    return anycastSection(results, bound, anycastSeconds);
  },
  "cluster-mixes": async () => {
    console.log(bold(`${clusterMixes.length} mixes of ours and the originals in a cluster`));
    const results: MixResult[] = [];
    for (const mix of clusterMixes) {
      const result = await clusterMix(mix);
      results.push(result);
      tick(`${mixWords(mix)}: ${mixFaults(result).length === 0 ? "everything held" : "faults"}`);
    }
    return clusterMixesSection(results);
  },
  "cluster-faults": async () => {
    console.log(bold("Faults of a cluster with traffic running"));
    const results: [ClusterFault, ClusterFaultResult][] = [];
    for (const fault of clusterFaultList) {
      const result = await fault.run(true).catch((error: unknown) => unfinishedCluster(error));
      results.push([fault, result]);
      tick(`${fault.name}: ${result.done}: ${result.faults.length === 0 ? result.seen : "faults"}`);
    }
    return clusterFaultsSection(results);
  },
  "sync-scale": async () => {
    console.log(bold("10,000 connections and 50,000 routes, 1,000 moves a second"));
    const result = await syncScale(10_000, 50_000, 20);
    for (const { from, syncMs, readyMs } of result.joins)
      tick(`from ${from}: ${syncMs} ms, in use after ${readyMs} ms`);
    return syncScaleSection(result);
  },
};

function unfinishedCluster(error: unknown): ClusterFaultResult {
  const { done, cost, faults } = unfinished(error);
  return { done, pings: { sent: 0, lost: 0 }, seen: cost, faults };
}

function punch(what: string, cells: readonly PunchCell[], sizes: Sizes): Promise<PunchResult[]> {
  console.log(bold(`${what} in ${cells.length} cells, ${sizes.labs} at a time`));
  return punchMatrix(cells, {
    labs: sizes.labs,
    record: new PunchRecord(sizes.punchRecord),
    until: performance.now() + sizes.punchMinutes * 60_000,
    tick: (done, all) => {
      if (done % 20 === 0 || done === all) tick(`${done} of ${all}`);
    },
  });
}

/** Those that start no daemons. */
const withoutLab: ReadonlySet<string> = new Set(["sync-fuzz"]);

async function soak(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: Object.keys(parts).join(",") },
      minutes: { type: "string", default: "10" },
      datagrams: { type: "string", default: "1000000" },
      seed: { type: "string", default: "1" },
      "matrix-stride": { type: "string", default: "1" },
      "load-seconds": { type: "string", default: "60" },
      "anycast-seconds": { type: "string", default: "300" },
      frames: { type: "string", default: "10000000" },
      "punch-runs": { type: "string", default: "20" },
      labs: { type: "string", default: "16" },
      "punch-record": { type: "string" },
      "punch-minutes": { type: "string", default: "Infinity" },
      fault: { type: "string", default: faultList.map(({ name }) => name).join(",") },
      "no-write": { type: "boolean", default: false },
    },
  });
  const sizes: Sizes = {
    minutes: Number(values.minutes),
    datagrams: Number(values.datagrams),
    seed: Number(values.seed),
    stride: Number(values["matrix-stride"]),
    loadSeconds: Number(values["load-seconds"]),
    anycastSeconds: Number(values["anycast-seconds"]),
    frames: Number(values.frames),
    punchRuns: Number(values["punch-runs"]),
    labs: Number(values.labs),
    punchRecord: values["punch-record"],
    punchMinutes: Number(values["punch-minutes"]),
    faults: values.fault.split(","),
  };
  const { minutes, datagrams, seed, stride, loadSeconds, frames } = sizes;
  const wanted = values.only.split(",");
  if (!(minutes > 0 && datagrams >= 1 && Number.isInteger(seed) && stride >= 1 && loadSeconds >= 1 && frames >= 1))
    throw new LabError("setup", usage);
  if (!(sizes.anycastSeconds >= 6 && sizes.punchRuns >= 1 && sizes.labs >= 1 && sizes.punchMinutes > 0))
    throw new LabError("setup", usage);
  if (!wanted.every((name) => Object.hasOwn(parts, name))) throw new LabError("setup", usage);
  const unknown = sizes.faults.find((name) => !faultList.some((fault) => fault.name === name));
  if (unknown !== undefined) throw new LabError("setup", `--fault ${unknown}: no such fault`);
  const needsLab = wanted.some((name) => !withoutLab.has(name));
  const [lack] = !needsLab
    ? []
    : lacking(
        ...(["root", "tun", "ip", "ping", "iperf3", "tcpdump", "anytun", "uanytun", "ifconfig", "ethtool"] as const),
        ...(wanted.includes("ppp") ? (["linux.uml", "pppd", "nc", "nat-traverse"] as const) : []),
        ...(wanted.some((name) => name.startsWith("punch")) ? (["nft", "nat-traverse"] as const) : []),
      );
  if (lack !== undefined)
    throw new LabError("missing", `${lack.name} is missing: ${lack.command.replace("npm test", "npm run soak")}`);

  const sections: Section[] = [];
  for (const [name, run] of Object.entries(parts)) if (wanted.includes(name)) sections.push(await run(sizes));

  const faults = sections.flatMap((section) => section.faults);
  for (const fault of faults) console.log(red(`  ${fault}`));
  if (faults.length === 0) console.log(green("everything held"));
  if (!values["no-write"]) {
    writeFileSync(document, soakDocument(previousDocument(), sections, titles, provenance(process.argv.slice(2))));
    console.log(dim("written to docs/SOAK.md"));
  }
  return faults.length === 0;
}

try {
  if (!(await soak())) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof LabError) && !(error instanceof TypeError)) throw error;
  console.error(red(error.message));
  process.exitCode = 1;
}
