/** Tunnel daemons of the tests: ours and the originals, started in hosts of the laboratory. */
import { fileURLToPath } from "node:url";
import type { Host, Program } from "satp-tools/lab";

export type Kind = "ours" | "anytun" | "uanytun";

const OWN_DAEMON = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));

/** Starts a daemon in the foreground with everything it has to say on stdout. State of ours lives and dies with the host. */
export function startDaemon(host: Host, kind: Kind, args: readonly string[]): Program {
  const common = ["-D", "-L", "stdout:5", ...args];
  if (kind !== "ours") return host.spawn(kind, common);
  return host.spawn(process.execPath, [OWN_DAEMON, "--state-dir", "/run/anytun", ...common]);
}

/** The counters that SIGUSR1 makes our daemon print. */
export interface PrintedCounters {
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly tooBigAnswers: number;
  /** By reason; reasons that never happened are absent. */
  readonly drops: Readonly<Record<string, number>>;
  /** Endpoint of the only peer as text. */
  readonly endpoint: string | undefined;
}

export async function readCounters(daemon: Program): Promise<PrintedCounters> {
  const from = daemon.output.length;
  await daemon.kill("SIGUSR1");
  const totals = /counters: packets-in=(\d+) .*packets-out=(\d+) .*too-big-answers=(\d+)/;
  const [, packetsIn, packetsOut, tooBigAnswers] = await daemon.waitFor(totals, { from });
  const [, drops = ""] = await daemon.waitFor(/NOTICE: drops: (.*)\n/, { from });
  // no peer, no line: all lines are written at once, so a short wait tells
  const peer = await daemon.waitFor(/NOTICE: peer \d+ (\S+): heard/, { from, timeout: 200 }).catch(() => undefined);
  const pairs = [...drops.matchAll(/([a-z-]+)=(\d+)/g)].map(([, name = "", count]): [string, number] => [
    name,
    Number(count),
  ]);
  return {
    packetsIn: Number(packetsIn),
    packetsOut: Number(packetsOut),
    tooBigAnswers: Number(tooBigAnswers),
    drops: Object.fromEntries(pairs),
    endpoint: peer?.[1],
  };
}

/**
 * Drops that are nobody's fault: what the kernel sends through the device before the peer is known or listens
 * (router solicitations, multicast reports).
 */
const BEFORE_THE_PEER = new Set(["no-peer", "no-endpoint"]);

/** Reasons for which a run without disturbances must not have dropped anything. */
export function unexpectedDrops(counters: PrintedCounters): string[] {
  return Object.entries(counters.drops)
    .filter(([reason]) => !BEFORE_THE_PEER.has(reason))
    .map(([reason, count]) => `${reason}=${count}`);
}
