// What the faults have in common: two of our daemons, traffic through their tunnel that misses nothing, and a verdict.
import { fileURLToPath } from "node:url";
import { ownDaemon } from "../contenders/index.ts";
import { type Host, LabError, type Program, type Requirement, waitUntil } from "../lab/index.ts";
import type { Gap, ProbeReport } from "./fault-probe.ts";

export interface FaultResult {
  /** What was done to the tunnel, in a few words. */
  readonly done: string;
  /** Each direction's datagrams and their answers. */
  readonly traffic: readonly ProbeReport[];
  /** What the fault cost, in a few words. */
  readonly cost: string;
  /** What was wrong; nothing when all is well. */
  readonly faults: readonly string[];
}

export interface Fault {
  readonly name: string;
  readonly needs: readonly Requirement[];
  /** Judged by milliseconds: nothing else should run beside it. */
  readonly isTimed: boolean;
  /** @param long minutes instead of seconds */
  run(long: boolean): Promise<FaultResult>;
}

export const inside = { left: "10.96.0.1", right: "10.96.0.2" } as const;
export type Role = keyof typeof inside;

const script = fileURLToPath(new URL("../../dist/soak/fault-probe.js", import.meta.url));
const stateDir = "/run/fault-state";

/** @param more of the daemon's options; its log goes to stdout beside whatever these say */
export function startOurs(host: Host, role: Role, more: readonly string[]): Program {
  const [node, cli] = ownDaemon;
  return host.spawn(node, [cli, ...tunnelOptions(role), "--state-dir", stateDir, ...more]);
}

/** The part of a command line that all daemons understand. */
export function tunnelOptions(role: Role): string[] {
  return [
    ...["-D", "-L", "stdout:4", "-t", "tun", "-d", "tun0", "-n", `${inside[role]}/30`],
    ...["-e", role, "-E", "known to two"],
  ];
}

/** A datagram each way every few milliseconds, and an answer to each. */
export class Traffic {
  readonly #ends: readonly Program[];

  private constructor(ends: readonly Program[]) {
    this.#ends = ends;
  }

  /** Returns when both directions flow. @throws LabError `timeout` */
  static async start(left: Host, right: Host, intervalMs = 10): Promise<Traffic> {
    const ends = [
      left.spawn(process.execPath, [script, inside.right, `${intervalMs}`]),
      right.spawn(process.execPath, [script, inside.left, `${intervalMs}`]),
    ];
    for (const end of ends) await end.waitFor(/^flowing$/m, { timeout: 30_000 });
    return new Traffic(ends);
  }

  /** Ends it, with what went from left to right and back, and from right to left and back. */
  async stop(): Promise<ProbeReport[]> {
    for (const end of this.#ends) end.write("end\n");
    return Promise.all(
      this.#ends.map(async (end): Promise<ProbeReport> => {
        const { stdout } = await end.result();
        return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
      }),
    );
  }
}

/** What is known of a fault whose run did not come to its end. @throws what is no failure of the laboratory */
export function unfinished(error: unknown): FaultResult {
  if (!(error instanceof LabError)) throw error;
  // a message may hold a command of half a megabyte, and what it printed
  const fault = `${error.code}: ${error.message.length > 300 ? `${error.message.slice(0, 100)} … ${error.message.slice(-200)}` : error.message}`;
  return { done: "not to the end", traffic: [], cost: "unknown", faults: [fault.replace(/\s+/g, " ")] };
}

/** From when to when something was broken on purpose, in milliseconds since 1970. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * What was lost beyond the outages.
 * @param slackMs how long after an outage its last victims may have been sent
 */
export function lossFaults(traffic: readonly ProbeReport[], outages: readonly Outage[], slackMs: number): string[] {
  const faults: string[] = [];
  for (const { gaps, lost, repeated, answered, sent } of traffic) {
    if (answered < sent / 10) faults.push(`only ${answered} of ${sent} datagrams were answered`);
    if (lost > gaps.reduce((sum, gap) => sum + gap.lost, 0)) faults.push("more was lost than can be named");
    if (repeated > 0) faults.push(`${repeated} answers came more than once`);
    for (const gap of gaps) if (!outages.some((outage) => explains(outage, gap, slackMs))) faults.push(gapWords(gap));
  }
  return faults;
}

/** A datagram that was under way when the outage began, or its answer, may be lost too. */
function explains({ fromMs, toMs }: Outage, gap: Gap, slackMs: number): boolean {
  return gap.fromMs >= fromMs - underWayMs && gap.toMs <= toMs + slackMs;
}
/** On a busy machine both ends of the tunnel and of the traffic have to be scheduled in between. */
const underWayMs = 1_000;

function gapWords({ fromMs, toMs, lost }: Gap): string {
  return `${lost} datagrams within ${toMs - fromMs} ms were lost without a reason (${new Date(fromMs).toISOString()})`;
}

/** All numbers that were lost. */
export function lostOf(traffic: readonly ProbeReport[]): number {
  return traffic.reduce((sum, { lost }) => sum + lost, 0);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the text is in a file of the host. @throws LabError `timeout` */
export async function inFile(host: Host, path: string, text: string): Promise<void> {
  await waitUntil(async () => (await host.run("grep", ["-qF", text, path])).status === 0, {
    what: `${text} in ${path}`,
    interval: 100,
    timeout: 30_000,
  });
}
