// `npm run bench`: see plan.ts for its options, sections/ for what it measures.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LabError, lacking } from "../lab/index.ts";
import { bold, dim, red } from "../terminal/style.ts";
import { textTable } from "../terminal/text-table.ts";
import { barPicture } from "./picture.ts";
import { type Plan, readPlan } from "./plan.ts";
import { benchmarkReport } from "./report.ts";
import type { Section, SectionResult, Settings } from "./section.ts";
import { sections } from "./sections/index.ts";

/** @returns the measurements that failed; @throws LabError when something is missing or wrong from the start */
async function bench(plan: Plan): Promise<readonly string[]> {
  const settings: Settings = {
    runs: plan.runs,
    seconds: plan.seconds,
    wants: (id) => plan.only?.includes(id) ?? true,
    tell: (line) => console.log(dim(line)),
  };
  const chosen = Object.entries(sections)
    .filter(([name]) => plan.sections.includes(name))
    .map(([, section]) => section);
  const [lack] = lacking(...chosen.flatMap((section) => section.needs(settings)));
  if (lack !== undefined)
    throw new LabError("missing", `${lack.name} is missing: ${lack.command.replace("npm test", "npm run bench")}`);

  const results: [Section, SectionResult][] = [];
  for (const section of chosen) {
    console.log(bold(`\n${section.title}`));
    const started = performance.now();
    const result = await section.measure(settings);
    for (const { caption, rows } of result.tables) {
      console.log(`${caption === undefined ? "" : `\n${caption}`}\n${bold(textTable(rows))}`);
    }
    console.log(dim(`took ${((performance.now() - started) / 1000).toFixed(0)} s`));
    results.push([section, result]);
  }
  if (plan.writes) write(plan, results);
  return results.flatMap(([, { failures }]) => failures);
}

function write({ runs, seconds }: Plan, results: readonly (readonly [Section, SectionResult])[]): void {
  const docs = (file: string): string => fileURLToPath(new URL(`../../../docs/${file}`, import.meta.url));
  const command = `npm run bench -- --runs ${runs} --seconds ${seconds}`;
  writeFileSync(docs("BENCHMARKS.md"), benchmarkReport(results, { command, runs, seconds }));
  const bars = results.flatMap(([, result]) => result.bars ?? []);
  writeFileSync(docs("benchmarks.svg"), barPicture("TCP rate and processor time of each implementation", bars));
  console.log(dim("\nwritten to docs/BENCHMARKS.md and docs/benchmarks.svg"));
}

try {
  const failures = await bench(readPlan(process.argv.slice(2)));
  for (const failure of failures) console.error(red(failure));
  if (failures.length > 0) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  console.error(red(error.message));
  process.exitCode = 1;
}
