// The protocol's steps alone, with many peers and routes that are all in use: packages/satp-core/bench.
import { LabError, run } from "../../lab/index.ts";
import type { Section, SectionResult } from "../section.ts";
import { scaleName } from "./scaling.ts";

/** Nanoseconds with one destination or peer, and with random ones. */
interface Pair {
  readonly hot: number;
  readonly random: number;
}

export interface StepsCell {
  readonly family: 4 | 6;
  readonly peers: number;
  readonly routes: number;
  readonly lookup: Pair;
  readonly outbound: Pair;
  readonly inbound: Pair;
  /** MiB. */
  readonly memory: { readonly peers: number; readonly routes: number };
  readonly insertSeconds: number;
}

const program = new URL("../../../../packages/satp-core/bench/scale.mjs", import.meta.url).href;
const families = [4, 6] as const;
const scales = [
  [1, 1],
  [1, 1_000_000],
  [65_536, 1],
  [65_536, 1_000_000],
] as const;

export const steps: Section = {
  title: "Protocol steps alone",
  contenders: [],
  needs: () => [],
  async measure(settings): Promise<SectionResult> {
    const cells: StepsCell[] = [];
    for (const family of families) {
      for (const [peers, routes] of scales) {
        settings.tell(`IPv${family}, ${scaleName({ peers, routes })}`);
        cells.push(...(await measured({ families: [family], peers: [peers], routes: [routes], rounds: 5 })));
      }
    }
    return {
      tables: [{ caption: "ns per lookup or packet, one destination / random ones:", rows: stepsTable(cells) }],
      text: `One thread without cipher, device and network; the best of 5 rounds; memory is what peers and routes add to a process of their
own, with replay windows of 1,024 packets. Outbound: \`Tunnel.outbound\`; inbound: \`classify\` and \`accept\`.
\`packages/satp-core/bench/scale.mjs\` measures more.`,
      failures: [],
    };
  },
};

export function stepsTable(cells: readonly StepsCell[]): string[][] {
  const pair = ({ hot, random }: Pair): string => `${hot.toFixed(0)} / ${random.toFixed(0)}`;
  return [
    ["", "lookup", "outbound", "inbound", "peers MiB", "routes MiB", "insert s"],
    ...cells.map(({ family, peers, routes, lookup, outbound, inbound, memory, insertSeconds }) => [
      `IPv${family}, ${scaleName({ peers, routes })}`,
      ...[lookup, outbound, inbound].map(pair),
      ...[memory.peers, memory.routes].map((mib) => Math.max(0, mib).toFixed(0)),
      insertSeconds.toFixed(1),
    ]),
  ];
}

/** In a process of its own, so that memory is what these peers and routes take. */
async function measured(options: object): Promise<StepsCell[]> {
  const code = `import { measureScale } from ${JSON.stringify(program)};
console.log(JSON.stringify(measureScale(${JSON.stringify(options)})));`;
  const args = ["--expose-gc", "--input-type=module", "--eval", code];
  const { status, stdout, stderr } = await run(process.execPath, args, { timeout: 120_000 });
  if (status !== 0) throw new LabError("status", `${program}: status ${status}\n${stderr}`);
  return JSON.parse(stdout);
}
