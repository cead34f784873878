// Round trips through a tunnel, alone and beside a TCP stream that takes all it can get.
import type { Tunnel } from "../contenders/index.ts";
import type { Host, LinkEnd } from "../lab/index.ts";
import { iperfClient, iperfServer } from "./iperf.ts";
import { median } from "./statistics.ts";

/** Median of the round trips in milliseconds; a hundred a second. */
async function pingMedian(host: Host, address: string, seconds: number): Promise<number> {
  const count = Math.max(10, Math.round(seconds * 100));
  const options = ["-n", "-i", "0.01", "-c", `${count}`, "-W", "1", address];
  const { stdout } = await host.run("ping", options, { timeout: (seconds + 20) * 1000 });
  return median([...stdout.matchAll(/time=([0-9.]+) ms/g)].map((match) => Number(match[1])));
}

export function measureIdleLatency(left: LinkEnd, tunnel: Tunnel, seconds: number): Promise<number> {
  return pingMedian(left.host, tunnel.right, seconds);
}

export async function measureLoadedLatency(
  left: LinkEnd,
  right: LinkEnd,
  tunnel: Tunnel,
  seconds: number,
): Promise<number> {
  const server = await iperfServer(right.host);
  const load = iperfClient(left.host, tunnel.right, seconds + 1);
  // The stream has found its rate after half a second.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const [result] = await Promise.all([pingMedian(left.host, tunnel.right, Math.max(0.1, seconds - 0.5)), load]);
  await server.result(15_000);
  return result;
}
