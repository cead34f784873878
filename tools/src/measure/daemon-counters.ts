// The counters that our daemon prints to its log on SIGUSR1, as numbers.
import { type Program, waitUntil } from "../lab/index.ts";

export interface DaemonCounters {
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** Only reasons that happened. */
  readonly drops: ReadonlyMap<string, number>;
  /** What was moved in bulk; all counters, also those that are 0. */
  readonly offloads: ReadonlyMap<string, number>;
  /** The lines, for people. */
  readonly text: string;
}

/** Asks a running daemon. @throws LabError `timeout` */
export async function daemonCounters(daemon: Program): Promise<DaemonCounters> {
  const from = daemon.output.length;
  await daemon.kill("SIGUSR1");
  const report = await waitUntil(
    () => {
      const lines = daemon.output.slice(from).split("\n");
      const traffic = lines.findIndex((line) => / counters: /.test(line));
      // Totals, drops, two lines for each peer; the last line says what was moved in bulk.
      const last = lines.findIndex((line, index) => index > traffic && / offloads: /.test(line));
      return traffic < 0 || last < 0 || lines.length < last + 2 ? undefined : lines.slice(traffic, last + 1);
    },
    { what: "the counters of a daemon" },
  );
  const [totalsLine = "", dropsLine = ""] = report;
  const totals = words(totalsLine);
  return {
    packetsIn: totals.get("packets-in") ?? Number.NaN,
    packetsOut: totals.get("packets-out") ?? Number.NaN,
    drops: words(dropsLine),
    offloads: words(report.at(-1) ?? ""),
    text: report.join("\n"),
  };
}

function words(line: string): Map<string, number> {
  return new Map([...line.matchAll(/([a-z-]+)=(\d+)/g)].map((match) => [match[1] ?? "", Number(match[2])]));
}
