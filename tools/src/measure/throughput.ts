// TCP in other shapes than one stream from left to right.
import type { Tunnel } from "../contenders/index.ts";
import type { LinkEnd } from "../lab/index.ts";
import { iperfClient, iperfServer } from "./iperf.ts";

/** What the load looks like: iperf3's options for it. */
const shapes = {
  "four streams": ["--parallel", "4"],
  reverse: ["--reverse"],
  bidirectional: ["--bidir"],
} as const;

/** Gbit/s that arrived; of both directions together if there are two. */
export async function measureThroughput(
  shape: keyof typeof shapes,
  left: LinkEnd,
  right: LinkEnd,
  tunnel: Tunnel,
  seconds: number,
): Promise<number> {
  const server = await iperfServer(right.host);
  const { end } = await iperfClient(left.host, tunnel.right, seconds, [...shapes[shape]]);
  await server.result(15_000);
  const there = end.sum_received?.bits_per_second ?? Number.NaN;
  const back = shape === "bidirectional" ? (end.sum_received_bidir_reverse?.bits_per_second ?? Number.NaN) : 0;
  return (there + back) / 1e9;
}
