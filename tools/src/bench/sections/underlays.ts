// Networks below the tunnel that do less, or carry less: no segmentation offload, and MTUs that the tunnel does not fit.
import { type Contender, ours, oursWith, uanytun } from "../../contenders/index.ts";
import type { LinkEnd, LinkOptions, Requirement } from "../../lab/index.ts";
import { type Entry, interleave } from "../interleave.ts";
import { measureRate } from "../measure-contender.ts";
import { crossName, crossTable } from "../results.ts";
import { type Section, type SectionResult, takingPart } from "../section.ts";

interface Underlay {
  readonly name: string;
  readonly link: LinkOptions;
  readonly prepare?: (ends: readonly LinkEnd[]) => Promise<void>;
}

/** Without the last one a veth still passes a message of many datagrams on in one piece. */
const withoutAll = ["gso", "off", "tso", "off", "gro", "off", "tx-udp-segmentation", "off"];

const auto = oursWith(`${ours.name}, --mtu auto`, { extra: ["--mtu", "auto"] });
const known: Readonly<Record<string, Contender>> = { ours, "ours-auto": auto, uanytun };

const mtu = (bytes: number): Underlay => ({ name: `MTU ${bytes}`, link: { mtu: bytes } });
const networks: readonly Underlay[] = [
  { name: "MTU 1500, no GSO, TSO, GRO", link: {}, prepare: withoutOffloads },
  ...[1280, 1400, 1500, 9000].map(mtu),
];

export const underlays: Section = {
  title: "Other networks below",
  contenders: Object.keys(known),
  needs: (settings): Requirement[] => [
    "iperf3",
    "ethtool",
    ...takingPart(known, settings).flatMap(({ needs }) => needs),
  ],
  async measure(settings): Promise<SectionResult> {
    const contenders = takingPart(known, settings);
    const entries = networks.flatMap(({ name, link, prepare }) =>
      contenders.map((contender): Entry<number> => {
        const measure = (): Promise<number> => measureRate(contender, settings.seconds, link, prepare);
        return { name: crossName(name, contender.name), measure };
      }),
    );
    const { runs, failures } = await interleave(
      entries,
      settings.runs,
      (rate) => `${rate.toFixed(2)} Gbit/s`,
      settings.tell,
    );
    return {
      tables: [{ rows: crossTable(runs, names(networks), names(contenders), uanytun.name, (rate) => rate) }],
      text: `One TCP stream a second after the start, Gbit/s; × is the ratio to ${uanytun.name}. As they come the tunnels have an MTU of
1400, which fits 1500 below and not 1400: there the datagrams of uanytun leave in two fragments, while our daemon tells TCP what fits.
With \`--mtu auto\` the tunnel takes what the path takes. The offloads are switched off with \`ethtool -K … ${withoutAll.join(" ")}\`
on both ends of the cable.`,
      failures,
    };
  },
};

async function withoutOffloads(ends: readonly LinkEnd[]): Promise<void> {
  for (const { host, device } of ends) {
    await host.check("ethtool", ["-K", device, ...withoutAll]);
  }
}

function names(named: readonly { readonly name: string }[]): string[] {
  return named.map(({ name }) => name);
}
