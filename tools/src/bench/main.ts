// `npm run bench [-- --runs 5 --seconds 5 --only ours,uanytun --no-write]`
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { anytun, bareLink, type Contender, ours, uanytun, wireguardGo } from "../contenders/index.ts";
import { LabError, lacking } from "../lab/index.ts";
import { bold, dim, red } from "../terminal/style.ts";
import { textTable } from "../terminal/text-table.ts";
import { measureContender } from "./measure-contender.ts";
import { benchmarkReport } from "./report.ts";
import { type Figures, resultTable } from "./results.ts";

const contenders: Readonly<Record<string, Contender>> = {
  ours,
  uanytun,
  anytun,
  "wireguard-go": wireguardGo,
  bare: bareLink,
};
const usage = `usage: npm run bench [-- --runs N --seconds N --only ${Object.keys(contenders).join(",")} --no-write]`;

/** @throws LabError when something is missing or does not start */
async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      seconds: { type: "string", default: "5" },
      only: { type: "string", default: Object.keys(contenders).join(",") },
      "no-write": { type: "boolean", default: false },
    },
  });
  const runs = Number(values.runs);
  const seconds = Number(values.seconds);
  if (!(runs >= 1) || !(seconds > 0)) throw new LabError("setup", usage);
  const chosen = values.only.split(",").map((name) => {
    const contender = contenders[name];
    if (contender === undefined) throw new LabError("setup", `no contender ${name}\n${usage}`);
    return contender;
  });
  const [lack] = lacking("root", "iperf3", ...chosen.flatMap((contender) => contender.needs));
  if (lack !== undefined)
    throw new LabError("missing", `${lack.name} is missing: ${lack.command.replace("test", "run bench")}`);

  const results = new Map<string, Figures[]>(chosen.map((contender) => [contender.name, []]));
  for (let run = 1; run <= runs; run += 1) {
    for (const contender of chosen) {
      const figures = await measureContender(contender, seconds);
      results.get(contender.name)?.push(figures);
      console.log(dim(`run ${run} of ${runs}  ${contender.name.padEnd(26)} ${figures.tcp.toFixed(2)} Gbit/s`));
    }
  }
  const reference = uanytun.name;
  console.log(`\n${bold(textTable(resultTable(results, reference)))}`);
  if (values["no-write"]) return;
  const command = `npm run bench -- --runs ${runs} --seconds ${seconds}`;
  const file = fileURLToPath(new URL("../../../docs/BENCHMARKS.md", import.meta.url));
  writeFileSync(file, benchmarkReport(results, { command, runs, seconds, reference }));
  console.log(dim("\nwritten to docs/BENCHMARKS.md"));
}

try {
  await bench();
} catch (error) {
  if (!(error instanceof LabError) && !(error instanceof TypeError)) throw error;
  console.error(red(error.message));
  process.exitCode = 1;
}
