// The route to an anycast endpoint changes every other second, under pings and a TCP stream through its nodes.
import { LabError } from "../lab/index.ts";
import { daemonCounters } from "../measure/daemon-counters.ts";
import { iperfClient, iperfServer } from "../measure/iperf.ts";
import { readPings } from "../measure/latency.ts";
import { markdownTable } from "../terminal/text-table.ts";
import { AnycastLab, type NodeKind, serverAddress } from "./anycast-lab.ts";
import type { Section } from "./document.ts";
import { sleep } from "./fault-lab.ts";
import { type ReplayBound, replayBoundFaults, replayBoundText } from "./replay-bound.ts";

export interface AnycastCase {
  readonly client: NodeKind;
  readonly nodes: readonly NodeKind[];
}

export interface AnycastResult extends AnycastCase {
  readonly switches: number;
  readonly pingsSent: number;
  readonly pingsLost: number;
  readonly tcpBytes: number;
  /** Why the TCP connection did not last. */
  readonly broken: string | undefined;
  /** What our nodes took for replays. */
  readonly refused: number;
}

/** With the originals among themselves for comparison. */
export const anycastCases: readonly AnycastCase[] = [
  { client: "anytun", nodes: ["anytun", "anytun", "anytun"] },
  { client: "ours", nodes: ["ours", "ours", "ours"] },
  { client: "anytun", nodes: ["ours", "anytun", "ours"] },
  { client: "ours", nodes: ["anytun", "ours", "anytun"] },
];

const switchMs = 2000;
const pingsPerSecond = 50;
/** A replay window, keys, and a stream that leaves the machine time for everything else. */
const options = ["-E", "known to all", "-w", "4096"];
const rate = "20M";

/** @throws LabError when the cluster does not come up */
export async function anycastSwitching(wanted: AnycastCase, seconds: number): Promise<AnycastResult> {
  await using lab = await AnycastLab.create(wanted.client, wanted.nodes, options);
  const { client, server, nodes } = lab;
  await iperfServer(server);
  // for a time, not a number: on a busy machine ping falls behind
  const pings = client.run("ping", ["-n", "-i", `${1 / pingsPerSecond}`, "-w", `${seconds}`, serverAddress], {
    timeout: (seconds + 30) * 1000,
  });
  const stream = iperfClient(client, serverAddress, seconds, ["--bitrate", rate]).then(
    (report) => ({ bytes: report.end.sum_received?.bytes ?? 0, broken: undefined }),
    (error: unknown) => {
      if (!(error instanceof LabError)) throw error;
      return { bytes: 0, broken: error.message };
    },
  );
  const startMs = performance.now();
  const switches = Math.floor((seconds * 1000) / switchMs) - 1;
  for (let at = 1; at <= switches; at++) {
    await sleep(Math.max(0, startMs + at * switchMs - performance.now()));
    await lab.switchTo(at % nodes.length);
  }
  const [{ stdout }, { bytes, broken }] = await Promise.all([pings, stream]);
  const { sent, lost } = readPings(stdout);
  let refused = 0;
  for (const { kind, daemon } of nodes) {
    if (kind === "ours") refused += (await daemonCounters(daemon)).drops.get("replay") ?? 0;
  }
  return { ...wanted, switches, pingsSent: sent, pingsLost: lost, tcpBytes: bytes, broken, refused };
}

/** @param original what three originals lost for each switch; undefined = not compared */
export function anycastFaults(result: AnycastResult, original: number | undefined): string[] {
  const who = caseWords(result);
  const faults: string[] = [];
  if (result.broken !== undefined) faults.push(`${who}: the connection broke: ${result.broken}`);
  if (result.tcpBytes === 0) faults.push(`${who}: nothing came through the connection`);
  if (result.refused > 0) faults.push(`${who}: ${result.refused} datagrams were taken for replays`);
  if (!(result.pingsSent > 0)) faults.push(`${who}: no pings`);
  // a ping that is under way when the route changes
  const most = Math.max(original ?? 0, 1);
  if (lostPerSwitch(result) > most)
    faults.push(`${who}: ${lostPerSwitch(result).toFixed(2)} pings lost for each switch`);
  return faults;
}

export function lostPerSwitch({ pingsLost, switches }: AnycastResult): number {
  return pingsLost / switches;
}

export function caseWords({ client, nodes }: AnycastCase): string {
  return `client ${client}, nodes ${nodes.join(" ")}`;
}

export function anycastSection(results: readonly AnycastResult[], bound: ReplayBound, seconds: number): Section {
  const isOriginal = ({ nodes }: AnycastCase): boolean => nodes.every((kind) => kind === "anytun");
  const reference = results.find(isOriginal);
  const original = reference === undefined ? undefined : lostPerSwitch(reference);
  const rows = results.map((result) => [
    result.client,
    result.nodes.join(" "),
    `${result.switches}`,
    `${result.pingsLost} of ${result.pingsSent}`,
    lostPerSwitch(result).toFixed(2),
    result.broken === undefined ? `${(result.tcpBytes / 1e6).toFixed(0)} MB` : "broke",
    result.nodes.includes("ours") ? `${result.refused}` : "–",
  ]);
  const head = ["client", "nodes", "switches", "pings lost", "lost a switch", "TCP", "taken for replays"];
  const body = `Three nodes with one address for ${seconds} s; every ${switchMs / 1000} s the route to it leads to the next one, both ways. Through them
the client pings a server behind the nodes (${pingsPerSecond} a second) and sends it one TCP stream (${rate}bit/s), all with a replay window of 4,096.

${markdownTable([head, ...rows])}

${replayBoundText(bound)}`;
  const ours = results.filter((result) => !isOriginal(result));
  const faults = [...ours.flatMap((result) => anycastFaults(result, original)), ...replayBoundFaults(bound)];
  return { title: "Anycast route", faults, body };
}
