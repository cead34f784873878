// What the faults of a cluster have in common: three of our nodes, pings through one of them that miss nothing, and what a daemon holds.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Host, LabError, type Program, waitUntil } from "../lab/index.ts";
import { residentMib } from "../measure/process-usage.ts";
import { AnycastLab, type AnycastNode, serverAddress, syncPort } from "./anycast-lab.ts";
import type { AbuseReport } from "./sync-abuse.ts";

export interface ClusterFaultResult {
  /** What was done, in a few words. */
  readonly done: string;
  readonly pings: PingCount;
  /** What was seen besides, in a few words. */
  readonly seen: string;
  /** What was wrong; nothing when all is well. */
  readonly faults: readonly string[];
}

export interface ClusterFault {
  readonly name: string;
  /** @param long minutes instead of seconds */
  run(long: boolean): Promise<ClusterFaultResult>;
}

export interface PingCount {
  readonly sent: number;
  readonly lost: number;
}

/** @param nodeOptions of the nodes alone */
export function threeNodes(nodeOptions: readonly string[] = []): Promise<AnycastLab> {
  const common = ["-E", "known to all", "-w", "4096"];
  return AnycastLab.create("ours", ["ours", "ours", "ours"], common, nodeOptions);
}

/** Fifty pings a second from the client to the server behind the nodes. */
export class Pings {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Returns when the first one was answered. @throws LabError `timeout` */
  static async start(lab: AnycastLab): Promise<Pings> {
    const program = lab.client.spawn("ping", ["-n", "-i", "0.02", serverAddress]);
    await program.waitFor(/bytes from/);
    return new Pings(program);
  }

  /** Whatever was sent before the last answer and was not answered is lost. */
  async stop(): Promise<PingCount> {
    const from = this.#program.output.length;
    // losses at the end show by the answer behind them
    await this.#program.waitFor(/bytes from/, { from });
    await this.#program.stop("SIGINT");
    return countPings(this.#program.stdout);
  }
}

/** What `ping` printed line by line. */
export function countPings(text: string): PingCount {
  const answered = new Set([...text.matchAll(/icmp_seq=(\d+) .*time=/g)].map((match) => Number(match[1])));
  const sent = Math.max(0, ...answered);
  return { sent, lost: sent - answered.size };
}

export function pingFaults({ sent, lost }: PingCount, most: number): string[] {
  if (sent < 25) return [`only ${sent} pings`];
  return lost > most ? [`${lost} of ${sent} pings were lost`] : [];
}

/** Open descriptors and resident memory. */
export interface Holdings {
  readonly descriptors: number;
  readonly mib: number;
}

export function holdings({ daemon }: AnycastNode): Holdings {
  const { pid } = daemon;
  if (pid === undefined) throw new LabError("exited", `${daemon.title}\n${daemon.output.slice(-2000)}`);
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, mib: residentMib(pid) };
}

/** More memory than this is not garbage that was not collected yet. */
const mostGrowthMib = 64;

/** Waits until the daemon holds what it held before. */
export async function leakFaults(node: AnycastNode, before: Holdings): Promise<string[]> {
  const isBack = (): boolean => {
    const { descriptors, mib } = holdings(node);
    return descriptors <= before.descriptors && mib <= before.mib + mostGrowthMib;
  };
  try {
    await waitUntil(isBack, { what: "what the daemon held before", interval: 100, timeout: 20_000 });
    return [];
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== "timeout") throw error;
    const { descriptors, mib } = holdings(node);
    return [
      `descriptors ${before.descriptors} before and ${descriptors} after, memory ${before.mib.toFixed(0)} MiB before and ${mib.toFixed(0)} after`,
    ];
  }
}

const script = fileURLToPath(new URL("../../dist/soak/sync-abuse.js", import.meta.url));

/** At the node's sync port. Returns when it has begun. */
export async function startAbuse(from: Host, node: AnycastNode, words: readonly string[]): Promise<Program> {
  const program = from.spawn(process.execPath, [script, node.outside.ipv4, `${syncPort}`, ...words]);
  await program.waitFor(/^at it$/m);
  return program;
}

export async function abuseReport(abuse: Program, timeout: number): Promise<AbuseReport> {
  const [, json = ""] = await abuse.waitFor(/^done (.*)$/m, { timeout });
  const report: AbuseReport = JSON.parse(json);
  return report;
}
