// The counters that our daemon prints to its log on SIGUSR1, as numbers.
import { type Program, waitUntil } from "../lab/index.ts";

export interface DaemonCounters {
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** Only reasons that happened. */
  readonly drops: ReadonlyMap<string, number>;
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
      // The report goes out in one piece: totals, drops, then two lines for each peer.
      const drops = lines[traffic + 1];
      return traffic < 0 || drops === undefined || lines.length < traffic + 3 ? undefined : { lines, traffic, drops };
    },
    { what: "the counters of a daemon" },
  );
  const totals = words(report.lines[report.traffic] ?? "");
  return {
    packetsIn: totals.get("packets-in") ?? Number.NaN,
    packetsOut: totals.get("packets-out") ?? Number.NaN,
    drops: words(report.drops),
    text: report.lines.slice(report.traffic).join("\n").trimEnd(),
  };
}

function words(line: string): Map<string, number> {
  return new Map([...line.matchAll(/([a-z-]+)=(\d+)/g)].map((match) => [match[1] ?? "", Number(match[2])]));
}
