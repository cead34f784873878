// This repository's daemon beside the other implementations: every figure of each.
import { anytun, bareLink, type Contender, ours, uanytun, wireguardGo } from "../../contenders/index.ts";
import type { Requirement } from "../../lab/index.ts";
import { type Entry, interleave } from "../interleave.ts";
import { type Figures, measureContender } from "../measure-contender.ts";
import type { Bars } from "../picture.ts";
import { type Column, largestSpread, medianOf, type Runs, resultTable } from "../results.ts";
import { type Section, type SectionResult, takingPart } from "../section.ts";

const known: Readonly<Record<string, Contender>> = {
  ours,
  uanytun,
  anytun,
  "wireguard-go": wireguardGo,
  bare: bareLink,
};
const reference = uanytun.name;

const rates: readonly Column<Figures>[] = [
  { title: "TCP Gbit/s", digits: 2, reference, value: ({ tcp }) => tcp },
  { title: "four streams", digits: 2, reference, value: ({ fourStreams }) => fourStreams },
  { title: "reverse", digits: 2, reference, value: ({ reverse }) => reverse },
  { title: "both ways, sum", digits: 2, reference, value: ({ bidirectional }) => bidirectional },
  { title: "64-byte UDP kpps", digits: 0, reference, value: ({ smallUdp }) => smallUdp / 1000 },
];

const costs: readonly Column<Figures>[] = [
  { title: "CPU s/GB sending", digits: 2, reference, value: ({ cpuLeft }) => cpuLeft },
  { title: "CPU s/GB receiving", digits: 2, reference, value: ({ cpuRight }) => cpuRight },
  { title: "ping idle ms", digits: 2, reference, value: ({ idle }) => idle },
  { title: "ping busy ms", digits: 2, reference, value: ({ busy }) => busy },
  { title: "ping loaded ms", digits: 2, reference, value: ({ loaded }) => loaded },
  { title: "RSS MiB", digits: 0, value: (figures) => (figures.residentLeft + figures.residentRight) / 2 },
];

export const contenders: Section = {
  title: "Beside the others",
  contenders: Object.keys(known),
  needs: (settings): Requirement[] => ["iperf3", ...takingPart(known, settings).flatMap(({ needs }) => needs)],
  async measure(settings): Promise<SectionResult> {
    const { runs, failures } = await interleave(
      takingPart(known, settings).map((contender): Entry<Figures> => {
        return { name: contender.name, measure: () => measureContender(contender, settings.seconds) };
      }),
      settings.runs,
      ({ tcp }) => `${tcp.toFixed(2)} Gbit/s`,
      settings.tell,
    );
    const rows = resultTable(runs, costs);
    return {
      tables: [{ rows: resultTable(runs, rates) }, { rows: withLosses(rows, runs) }],
      text: `× is the ratio to ${reference}. All tunnels have an MTU of 1400 and are a second old; the SATP daemons run with the same
options (AES-128 in counter mode, HMAC-SHA1 with 10 bytes). TCP: one iperf3 stream from left to right; four of them; one from right
to left; one each way. CPU: processor seconds of the daemon under the first of these, all threads, user and kernel, per 10⁹ bytes
delivered. 64-byte UDP: datagrams delivered while iperf3 sends as fast as it can. Ping: median of a hundred a second, alone, beside
an endless loop for each processor, and beside a TCP stream; lost: of those beside the stream, all runs. RSS: mean of both daemons
under load. The TCP rate of a run was at most ${(largestSpread(runs, ({ tcp }) => tcp) * 100).toFixed(0)} % away from its median.`,
      failures,
      bars: pictures(runs),
    };
  },
};

/** Losses are rare and therefore added up, not averaged. */
export function withLosses(rows: readonly (readonly string[])[], runs: Runs<Figures>): string[][] {
  return rows.map(([name = "", ...cells], index) => {
    const figures = runs.get(name) ?? [];
    const sum = (value: (one: Figures) => number): number => figures.reduce((total, one) => total + value(one), 0);
    const lost = index === 0 ? "pings lost" : `${sum((one) => one.lost)} of ${sum((one) => one.sent)}`;
    return [name, ...cells.slice(0, -1), lost, ...cells.slice(-1)];
  });
}

function pictures(runs: Runs<Figures>): Bars[] {
  const bars = (title: string, value: (figures: Figures) => number): Bars => ({
    title,
    digits: 2,
    bars: [...runs].map(([name, figures]) => ({ name, value: medianOf(figures, value), isOurs: name === ours.name })),
  });
  return [
    bars("One TCP stream, Gbit/s", ({ tcp }) => tcp),
    bars("Processor seconds per GB, both ends (less is better)", ({ cpuLeft, cpuRight }) => cpuLeft + cpuRight),
  ];
}
