// One stream under each of the algorithms that most hosts use: BBR paces what it sends and keeps queues short, CUBIC fills them.
import { type Contender, ours, uanytun, wireguardGo } from "../../contenders/index.ts";
import { Lab, type Requirement } from "../../lab/index.ts";
import {
  availableCongestionControls,
  defaultCongestionControl,
  setCongestionControl,
} from "../../measure/congestion-control.ts";
import { measureLoadedLatency } from "../../measure/latency.ts";
import { measureTcp } from "../../measure/tcp.ts";
import { type Entry, interleave } from "../interleave.ts";
import { crossName, crossTable } from "../results.ts";
import { type Section, type SectionResult, takingPart } from "../section.ts";
import { settled } from "../settled.ts";

interface Figures {
  readonly tcp: number;
  readonly loaded: number;
}

const known: Readonly<Record<string, Contender>> = { ours, uanytun, "wireguard-go": wireguardGo };
const algorithms = ["cubic", "bbr"];

export const congestion: Section = {
  title: "TCP's congestion control",
  contenders: Object.keys(known),
  needs: (settings): Requirement[] => ["iperf3", ...takingPart(known, settings).flatMap(({ needs }) => needs)],
  async measure(settings): Promise<SectionResult> {
    const contenders = takingPart(known, settings);
    const available = availableCongestionControls(algorithms);
    const entries = available.flatMap((algorithm) =>
      contenders.map((contender): Entry<Figures> => {
        const measure = (): Promise<Figures> => measureStream(contender, algorithm, settings.seconds);
        return { name: crossName(algorithm, contender.name), measure };
      }),
    );
    const { runs, failures } = await interleave(
      entries,
      settings.runs,
      ({ tcp, loaded }) => `${tcp.toFixed(2)} Gbit/s, ping ${loaded.toFixed(2)} ms`,
      settings.tell,
    );
    const names = contenders.map(({ name }) => name);
    return {
      tables: [
        { caption: "Gbit/s", rows: crossTable(runs, available, names, uanytun.name, ({ tcp }) => tcp) },
        {
          caption: "Ping beside it, ms",
          rows: crossTable(runs, available, names, uanytun.name, ({ loaded }) => loaded),
        },
      ],
      text: `One TCP stream inside the tunnel, and the median of a hundred pings a second beside it; × is the ratio to ${uanytun.name} under
the same algorithm. The other tables were measured under this kernel's default, ${defaultCongestionControl()}.`,
      failures,
    };
  },
};

async function measureStream(contender: Contender, algorithm: string, seconds: number): Promise<Figures> {
  await using lab = await Lab.create();
  const [left, right] = await lab.pair("left", "right");
  await Promise.all([left, right].map(({ host }) => setCongestionControl(host, algorithm)));
  const tunnel = await settled(contender, left, right);
  const { gigabitsPerSecond } = await measureTcp(left, right, tunnel, seconds);
  const { median } = await measureLoadedLatency(left, right, tunnel, Math.max(2, seconds));
  return { tcp: gigabitsPerSecond, loaded: median };
}
