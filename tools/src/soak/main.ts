// `npm run soak [-- --minutes 10 --datagrams 1000000 --seed N --matrix-stride 1 --no-write]`
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LabError, lacking } from "../lab/index.ts";
import { bold, dim, green, red } from "../terminal/style.ts";
import { fuzzCampaign } from "./fuzz-campaign.ts";
import { optionMatrix } from "./option-matrix.ts";
import { fuzzFaults, soakFaults, soakReport } from "./report.ts";
import { soakTraffic } from "./traffic-soak.ts";

const usage = "usage: npm run soak [-- --minutes 10 --datagrams 1000000 --seed N --matrix-stride 1 --no-write]";

async function soak(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      datagrams: { type: "string", default: "1000000" },
      seed: { type: "string", default: "1" },
      "matrix-stride": { type: "string", default: "1" },
      "no-write": { type: "boolean", default: false },
    },
  });
  const minutes = Number(values.minutes);
  const datagrams = Number(values.datagrams);
  const seed = Number(values.seed);
  const stride = Number(values["matrix-stride"]);
  if (!(minutes > 0) || !(datagrams >= 1) || !Number.isInteger(seed) || !(stride >= 1))
    throw new LabError("setup", usage);
  const [lack] = lacking("root", "tun", "ip", "ping", "iperf3", "tcpdump", "anytun", "uanytun", "ifconfig");
  if (lack !== undefined)
    throw new LabError("missing", `${lack.name} is missing: ${lack.command.replace("npm test", "npm run soak")}`);

  const tick = (message: string): void => console.log(dim(`  ${message}`));
  console.log(bold(`Traffic for ${minutes} minutes`));
  const traffic = await soakTraffic(minutes * 60, tick);
  console.log(`  ${traffic.gigabytes.toFixed(1)} GB, ${traffic.pingsAnswered} of ${traffic.pingsSent} pings answered`);
  console.log(bold(`${datagrams} random and mutated datagrams`));
  const fuzz = await fuzzCampaign(datagrams, seed);
  console.log(`  ${fuzz.read} read, ${fuzz.counted} counted, ${fuzz.droppedByKernel} without room in the kernel`);
  console.log(bold("Combinations of options against both originals"));
  const matrix = await optionMatrix(stride, tick);
  console.log(`  ${matrix.passed} work`);

  const faults = [...soakFaults(traffic), ...fuzzFaults(fuzz), ...matrix.failed];
  for (const fault of faults) console.log(red(`  ${fault}`));
  if (faults.length === 0) console.log(green("everything held"));
  if (!values["no-write"]) {
    const text = soakReport(`npm run soak -- --minutes ${minutes} --datagrams ${datagrams}`, traffic, fuzz, matrix);
    writeFileSync(fileURLToPath(new URL("../../../docs/SOAK.md", import.meta.url)), text);
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
