// Every mix of ours and the original among the three nodes of a cluster, with every kind of client: as in the manual's example, and
// with a control host that hands out three clients and their networks. The shared address moves from node to node under pings.
import { setTimeout as sleep } from "node:timers/promises";
import { markdownTable } from "../terminal/text-table.ts";
import type { NodeKind } from "./anycast-lab.ts";
import { countPings, type PingCount } from "./cluster-fault-lab.ts";
import type { Section } from "./document.ts";
import { type ClientKind, MixLab, type MixOptions, nodeInside } from "./mix-lab.ts";

export interface MixResult extends MixOptions {
  /** Of each client. */
  readonly pings: readonly PingCount[];
  readonly switches: number;
  /** First packets of a node that has just got the address to a network, that were not answered. */
  readonly unanswered: readonly string[];
}

const kinds: readonly NodeKind[] = ["ours", "anytun"];
const clientKinds: readonly ClientKind[] = ["ours", "anytun", "uanytun"];
const pingsPerSecond = 20;
/** The address stays at a node for so long. */
const stayMs = 500;

const nodeMixes = kinds.flatMap((a) => kinds.flatMap((b) => kinds.map((c): readonly NodeKind[] => [a, b, c])));

/** All of them: the manual's example once for each client, and a control host of either origin with all clients. */
export const clusterMixes: readonly MixOptions[] = nodeMixes.flatMap((nodes, index): MixOptions[] => [
  ...clientKinds.map((client) => ({ nodes, clients: [client], control: undefined })),
  { nodes, clients: clientKinds, control: kinds[index % 2] },
]);

/** @throws LabError when the cluster does not come up */
export async function clusterMix(mix: MixOptions): Promise<MixResult> {
  await using lab = await MixLab.create(mix);
  const pings = lab.clients.map(({ host }) => host.spawn("ping", ["-n", "-i", `${1 / pingsPerSecond}`, nodeInside]));
  for (const program of pings) await program.waitFor(/bytes from/);
  const unanswered: string[] = [];
  const order = [...mix.nodes.keys()].map((index) => (index + 1) % mix.nodes.length);
  for (const index of order) {
    const node = await lab.switchTo(index);
    const answers = lab.clients.map(async ({ kind, network }) => {
      const { stdout } = await node.outside.host.run("ping", ["-n", "-c", "1", "-W", "3", network]);
      if (!stdout.includes(" 1 received")) unanswered.push(`${node.kind} node ${index + 1} to ${kind}`);
    });
    await Promise.all([...answers, sleep(stayMs)]);
  }
  const counts = pings.map(async (program) => {
    // losses at the end show by the answer behind them
    await program.waitFor(/bytes from/, { from: program.output.length });
    await program.stop("SIGINT");
    return countPings(program.stdout);
  });
  return { ...mix, pings: await Promise.all(counts), switches: order.length, unanswered };
}

export function mixFaults(result: MixResult): string[] {
  const faults = result.unanswered.map((who) => `${mixWords(result)}: the first packet from ${who} was not answered`);
  for (const [index, { sent, lost }] of result.pings.entries()) {
    const who = `${mixWords(result)}: client ${result.clients[index]}`;
    if (sent < (result.switches * stayMs * pingsPerSecond) / 1000 / 2) faults.push(`${who}: only ${sent} pings`);
    // one that is under way when the route changes
    if (lost > result.switches) faults.push(`${who}: ${lost} of ${sent} pings were lost`);
  }
  return faults;
}

export function mixWords({ nodes, clients, control }: MixOptions): string {
  return control === undefined
    ? `manual, nodes ${nodes.join(" ")}, client ${clients.join(" ")}`
    : `control host ${control}, nodes ${nodes.join(" ")}, ${clients.length} clients`;
}

export function clusterMixesSection(results: readonly MixResult[]): Section {
  const rows = nodeMixes.flatMap((nodes): string[][] => {
    const own = results.filter((result) => result.nodes.join() === nodes.join());
    if (own.length === 0) return [];
    const lost = (client: ClientKind, isManual: boolean): string => {
      const cell = own.find((one) => (one.control === undefined) === isManual && one.clients.includes(client));
      const count = cell?.pings[cell.clients.indexOf(client)];
      return count === undefined ? "–" : `${count.lost} of ${count.sent}`;
    };
    const control = own.find((one) => one.control !== undefined)?.control ?? "–";
    return [
      [
        nodes.join(" "),
        ...clientKinds.map((client) => lost(client, true)),
        control,
        ...clientKinds.map((client) => lost(client, false)),
      ],
    ];
  });
  const head = ["nodes", ...clientKinds.map((kind) => `manual, ${kind}`), "control host", ...clientKinds];
  const body = `Three nodes with one address, which moves from node to node three times; lost of the ${pingsPerSecond} pings a second that each client sends
to the nodes meanwhile. First the manual's example with one client (originals have a route to it besides, or they cannot answer), then a
control host with three clients at once, each with a network and a replay window of 1,024. Each node that gets the address sends a packet
to each network at once: the first one is answered.

${markdownTable([head, ...rows])}`;
  return { title: "Cluster mixes", faults: results.flatMap(mixFaults), body };
}
