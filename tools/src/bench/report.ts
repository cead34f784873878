// The text of docs/BENCHMARKS.md.
import { cpus } from "node:os";
import { markdownTable } from "../terminal/text-table.ts";
import type { Section, SectionResult, Table } from "./section.ts";

export interface Conditions {
  readonly command: string;
  readonly runs: number;
  readonly seconds: number;
}

export function benchmarkReport(
  results: readonly (readonly [Pick<Section, "title">, SectionResult])[],
  { command, runs, seconds }: Conditions,
): string {
  const machine = cpus();
  const failures = results.flatMap(([, result]) => result.failures);
  const failed =
    failures.length === 0 ? "" : `\nMeasurements that failed and are missing below: ${failures.join("; ")}.\n`;
  return `# Benchmarks

![TCP rate and processor time of each implementation](benchmarks.svg)

Written by \`${command}\` on ${machine[0]?.model.trim() ?? "an unknown processor"}, ${machine.length} cores, Node.js ${process.version}.
Two hosts in network namespaces with a veth cable between them, so both daemons, the sender and the receiver share these
cores. Medians of ${runs} runs of ${seconds} s each; what one table compares takes turns within a run, so that what disturbs the machine
disturbs all of it.
${failed}
${results.map(([{ title }, result]) => section(title, result)).join("\n\n")}
`;
}

function section(title: string, { tables, text }: SectionResult): string {
  return [`## ${title}`, ...tables.map(table), text].join("\n\n");
}

function table({ caption, rows }: Table): string {
  return `${caption === undefined ? "" : `${caption}\n\n`}${markdownTable(rows)}`;
}
