// Small datagrams: what a tunnel costs per packet.
import type { Tunnel } from "../contenders/index.ts";
import type { LinkEnd } from "../lab/index.ts";
import { iperfClient, iperfServer } from "./iperf.ts";

const payloadBytes = 64;

/** Datagrams of 64 bytes that arrive per second when more are sent than can pass. */
export async function measureSmallUdp(left: LinkEnd, right: LinkEnd, tunnel: Tunnel, seconds: number): Promise<number> {
  const server = await iperfServer(right.host);
  const flood = ["--udp", "--bitrate", "0", "--length", `${payloadBytes}`];
  const report = await iperfClient(left.host, tunnel.right, seconds, flood);
  await server.stop("SIGINT");
  const { packets, lost_packets: lost, seconds: time } = report.end.sum ?? { packets: 0, lost_packets: 0, seconds: 1 };
  return (packets - lost) / time;
}
