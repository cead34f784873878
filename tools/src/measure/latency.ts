// Round trips through a tunnel: alone, beside programs that compute, beside a TCP stream that takes all it can get.
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tunnel } from "../contenders/index.ts";
import type { Host, LinkEnd } from "../lab/index.ts";
import { iperfClient, iperfServer } from "./iperf.ts";
import { median } from "./statistics.ts";

export interface Latency {
  /** Median of the round trips in milliseconds. */
  readonly median: number;
  readonly sent: number;
  /** Not answered within a second. */
  readonly lost: number;
}

/** A hundred pings a second. */
async function pings(host: Host, address: string, seconds: number): Promise<Latency> {
  const count = Math.max(10, Math.round(seconds * 100));
  const options = ["-n", "-i", "0.01", "-c", `${count}`, "-W", "1", address];
  const { stdout } = await host.run("ping", options, { timeout: (seconds + 20) * 1000 });
  return readPings(stdout);
}

/** What `ping` printed. */
export function readPings(text: string): Latency {
  const times = [...text.matchAll(/time=([0-9.]+) ms/g)].map((match) => Number(match[1]));
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
  return { median: median(times), sent: Number(sent), lost: Number(sent) - Number(received) };
}

export function measureIdleLatency(left: LinkEnd, tunnel: Tunnel, seconds: number): Promise<Latency> {
  return pings(left.host, tunnel.right, seconds);
}

/** As many endless loops as there are processors. */
export async function measureBusyLatency(left: LinkEnd, tunnel: Tunnel, seconds: number): Promise<Latency> {
  const loops = Array.from({ length: availableParallelism() }, () =>
    left.host.spawn("sh", ["-c", "while :; do :; done"]),
  );
  try {
    return await pings(left.host, tunnel.right, seconds);
  } finally {
    await Promise.all(loops.map((loop) => loop.stop("SIGKILL")));
  }
}

export async function measureLoadedLatency(
  left: LinkEnd,
  right: LinkEnd,
  tunnel: Tunnel,
  seconds: number,
): Promise<Latency> {
  const server = await iperfServer(right.host);
  const load = iperfClient(left.host, tunnel.right, seconds + 1);
  // The stream has found its rate after half a second.
  await sleep(500);
  const [result] = await Promise.all([pings(left.host, tunnel.right, seconds), load]);
  await server.result(15_000);
  return result;
}
