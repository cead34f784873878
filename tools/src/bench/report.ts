import { cpus } from "node:os";
import { markdownTable } from "../terminal/text-table.ts";
import { type Figures, largestSpread, resultTable } from "./results.ts";

export interface Conditions {
  readonly command: string;
  readonly runs: number;
  readonly seconds: number;
  readonly reference: string;
}

/** The text of docs/BENCHMARKS.md. */
export function benchmarkReport(runs: ReadonlyMap<string, readonly Figures[]>, conditions: Conditions): string {
  const machine = cpus();
  return `# Benchmarks

Written by \`${conditions.command}\` on ${machine[0]?.model.trim() ?? "an unknown processor"}, ${machine.length} cores, Node.js ${process.version}.
Two hosts in network namespaces with a veth cable between them, so both daemons, the sender and the receiver share these
cores. Medians of ${conditions.runs} runs of ${conditions.seconds} s; the contenders take turns within a run, so that what
disturbs the machine disturbs all of them. The TCP rate of a run was at most ${(largestSpread(runs) * 100).toFixed(0)} % away from its median.

${markdownTable(resultTable(runs, conditions.reference))}

× is the ratio to ${conditions.reference}. All tunnels have an MTU of 1400; the SATP daemons run with the same options (AES-128 in counter
mode, HMAC-SHA1 with 10 bytes). TCP: one iperf3 stream. CPU: processor seconds of the daemon, all threads, user and kernel, per 10⁹ bytes delivered.
64-byte UDP: datagrams delivered while iperf3 sends as fast as it can. Ping: median of a hundred a second, alone and beside
a TCP stream. RSS: mean of both daemons under load.
`;
}
