// One TCP stream through a tunnel: its rate, and what the daemons spend on it.
import type { Tunnel } from "../contenders/index.ts";
import type { LinkEnd } from "../lab/index.ts";
import { iperfClient, iperfServer } from "./iperf.ts";
import { cpuSeconds, residentMib } from "./process-usage.ts";

export interface TcpResult {
  readonly gigabitsPerSecond: number;
  /** Processor seconds per 10^9 bytes delivered, of the sending and the receiving end; NaN without a daemon. */
  readonly cpuPerGb: readonly [number, number];
  /** Resident MiB of each end under load; NaN without a daemon. */
  readonly residentMib: readonly [number, number];
}

export async function measureTcp(left: LinkEnd, right: LinkEnd, tunnel: Tunnel, seconds: number): Promise<TcpResult> {
  const server = await iperfServer(right.host);
  const pids = tunnel.programs.map((program) => program.pid ?? Number.NaN);
  const before = pids.map(cpuSeconds);
  const report = await iperfClient(left.host, tunnel.right, seconds);
  const used = pids.map((pid, index) => cpuSeconds(pid) - (before[index] ?? 0));
  const resident = pids.map(residentMib);
  await server.result(15_000);
  const received = report.end.sum_received ?? { bits_per_second: Number.NaN, bytes: Number.NaN };
  const perGb = used.map((value) => value / (received.bytes / 1e9));
  return {
    gigabitsPerSecond: received.bits_per_second / 1e9,
    cpuPerGb: [perGb[0] ?? Number.NaN, perGb[1] ?? Number.NaN],
    residentMib: [resident[0] ?? Number.NaN, resident[1] ?? Number.NaN],
  };
}
