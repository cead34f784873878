// `npm run soak [-- --only traffic,fuzz,options,load --minutes 10 --datagrams 1000000 --seed N --matrix-stride 1
// --load-seconds 60 --no-write]`
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LabError, lacking } from "../lab/index.ts";
import { bold, dim, green, red } from "../terminal/style.ts";
import { provenance, type Section, soakDocument } from "./document.ts";
import { fuzzCampaign } from "./fuzz-campaign.ts";
import { interopLoad, type LoadResult, loadCases, words } from "./interop-load.ts";
import { loadFaults, loadSection } from "./load-report.ts";
import { optionMatrix } from "./option-matrix.ts";
import { fuzzSection, optionsSection, trafficSection } from "./report.ts";
import { soakTraffic } from "./traffic-soak.ts";

const usage = `usage: npm run soak [-- --only traffic,fuzz,options,load --minutes 10 --datagrams 1000000 --seed N
  --matrix-stride 1 --load-seconds 60 --no-write]`;
const titles = ["Traffic", "Fuzz", "Options", "Load against the originals"] as const;
const tick = (message: string): void => console.log(dim(`  ${message}`));

interface Sizes {
  readonly minutes: number;
  readonly datagrams: number;
  readonly seed: number;
  readonly stride: number;
  readonly loadSeconds: number;
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
};

async function soak(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: Object.keys(parts).join(",") },
      minutes: { type: "string", default: "10" },
      datagrams: { type: "string", default: "1000000" },
      seed: { type: "string", default: "1" },
      "matrix-stride": { type: "string", default: "1" },
      "load-seconds": { type: "string", default: "60" },
      "no-write": { type: "boolean", default: false },
    },
  });
  const sizes: Sizes = {
    minutes: Number(values.minutes),
    datagrams: Number(values.datagrams),
    seed: Number(values.seed),
    stride: Number(values["matrix-stride"]),
    loadSeconds: Number(values["load-seconds"]),
  };
  const { minutes, datagrams, seed, stride, loadSeconds } = sizes;
  const wanted = values.only.split(",");
  if (!(minutes > 0 && datagrams >= 1 && Number.isInteger(seed) && stride >= 1 && loadSeconds >= 1))
    throw new LabError("setup", usage);
  if (!wanted.every((name) => Object.hasOwn(parts, name))) throw new LabError("setup", usage);
  const [lack] = lacking("root", "tun", "ip", "ping", "iperf3", "tcpdump", "anytun", "uanytun", "ifconfig", "ethtool");
  if (lack !== undefined)
    throw new LabError("missing", `${lack.name} is missing: ${lack.command.replace("npm test", "npm run soak")}`);

  const sections: Section[] = [];
  for (const [name, run] of Object.entries(parts)) if (wanted.includes(name)) sections.push(await run(sizes));

  const faults = sections.flatMap((section) => section.faults);
  for (const fault of faults) console.log(red(`  ${fault}`));
  if (faults.length === 0) console.log(green("everything held"));
  if (!values["no-write"]) {
    const file = fileURLToPath(new URL("../../../docs/SOAK.md", import.meta.url));
    const previous = existsSync(file) ? readFileSync(file, "utf8") : "";
    writeFileSync(file, soakDocument(previous, sections, titles, provenance(process.argv.slice(2))));
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
