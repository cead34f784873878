// One busy peer among many, one route among many.
import { measureStages, type Scale, type StageRun } from "../../measure/stages.ts";
import { type Entry, interleave } from "../interleave.ts";
import { type Column, resultTable } from "../results.ts";
import type { Section, SectionResult } from "../section.ts";

const scales: readonly Scale[] = [
  { peers: 1, routes: 1 },
  { peers: 1_000, routes: 1_000 },
  { peers: 65_536, routes: 65_536 },
  { peers: 65_536, routes: 1_000_000 },
];

const [smallest] = scales.map(scaleName);

const columns: readonly Column<StageRun>[] = [
  {
    title: "TCP Gbit/s",
    digits: 2,
    value: ({ rate }) => rate,
    ...(smallest === undefined ? {} : { reference: smallest }),
  },
  { title: "frame ns", digits: 0, value: ({ left }) => left.nanoseconds.frame },
  { title: "classify ns", digits: 0, value: ({ right }) => right.nanoseconds.classify },
  { title: "accept ns", digits: 0, value: ({ right }) => right.nanoseconds.accept },
  { title: "ready after ms", digits: 0, value: ({ readyMs }) => readyMs },
  { title: "RSS MiB", digits: 0, value: ({ residentMib }) => residentMib },
];

export const scaling: Section = {
  title: "Many peers, many routes",
  contenders: [],
  needs: () => ["root", "tun", "ip", "ping", "iperf3"],
  async measure(settings): Promise<SectionResult> {
    const { runs, failures } = await interleave(
      scales.map((scale): Entry<StageRun> => {
        return { name: scaleName(scale), measure: () => measureStages(scale, settings.seconds) };
      }),
      settings.runs,
      ({ rate, residentMib }) => `${rate.toFixed(2)} Gbit/s, ${residentMib.toFixed(0)} MiB`,
      settings.tell,
    );
    return {
      tables: [{ rows: resultTable(runs, columns) }],
      text: `One TCP stream through one of the peers; both ends have as many peers, each with keys and numbers of its own, and as many IPv4
prefixes of 16 to 24 bits in random order. The data plane with clocks, as above: frame at the sending end, classify and accept at
the receiving end, per packet. RSS: mean of both ends under load.`,
      failures,
    };
  },
};

/** `1 peer, 1,000 routes`. */
export function scaleName({ peers, routes }: Scale): string {
  const count = (number: number, one: string): string =>
    `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
  return `${count(peers, "peer")}, ${count(routes, "route")}`;
}
