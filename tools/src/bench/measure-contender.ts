// One contender, once: its own hosts, every measurement, nothing left.
import type { Contender } from "../contenders/index.ts";
import { Lab, type LinkEnd, type LinkOptions } from "../lab/index.ts";
import { measureBusyLatency, measureIdleLatency, measureLoadedLatency } from "../measure/latency.ts";
import { measureSmallUdp } from "../measure/small-udp.ts";
import { measureTcp } from "../measure/tcp.ts";
import { measureThroughput } from "../measure/throughput.ts";
import { settled } from "./settled.ts";

/** What is measured of one contender in one run; NaN where it does not apply. */
export interface Figures {
  /** Gbit/s. */
  readonly tcp: number;
  readonly fourStreams: number;
  readonly reverse: number;
  readonly bidirectional: number;
  /** Processor seconds per 10^9 bytes of each end. */
  readonly cpuLeft: number;
  readonly cpuRight: number;
  readonly residentLeft: number;
  readonly residentRight: number;
  /** Datagrams per second. */
  readonly smallUdp: number;
  /** Median round trips in milliseconds. */
  readonly idle: number;
  readonly busy: number;
  readonly loaded: number;
  /** Pings beside the load. */
  readonly sent: number;
  readonly lost: number;
}

export async function measureContender(contender: Contender, seconds: number): Promise<Figures> {
  await using lab = await Lab.create();
  const [left, right] = await lab.pair("left", "right");
  const tunnel = await settled(contender, left, right);
  const idle = await measureIdleLatency(left, tunnel, Math.min(2, seconds));
  const busy = await measureBusyLatency(left, tunnel, Math.min(2, seconds));
  const tcp = await measureTcp(left, right, tunnel, seconds);
  const fourStreams = await measureThroughput("four streams", left, right, tunnel, seconds);
  const reverse = await measureThroughput("reverse", left, right, tunnel, seconds);
  const bidirectional = await measureThroughput("bidirectional", left, right, tunnel, seconds);
  const loaded = await measureLoadedLatency(left, right, tunnel, Math.max(2, seconds));
  const smallUdp = await measureSmallUdp(left, right, tunnel, Math.min(3, seconds));
  return {
    tcp: tcp.gigabitsPerSecond,
    fourStreams,
    reverse,
    bidirectional,
    cpuLeft: tcp.cpuPerGb[0],
    cpuRight: tcp.cpuPerGb[1],
    residentLeft: tcp.residentMib[0],
    residentRight: tcp.residentMib[1],
    smallUdp,
    idle: idle.median,
    busy: busy.median,
    loaded: loaded.median,
    sent: loaded.sent,
    lost: loaded.lost,
  };
}

/** Only the rate of one TCP stream, a second after the start, over an underlay that may be prepared first. */
export async function measureRate(
  contender: Contender,
  seconds: number,
  link: LinkOptions = {},
  prepare: (ends: readonly LinkEnd[]) => Promise<void> = async () => {},
): Promise<number> {
  await using lab = await Lab.create();
  const [left, right] = await lab.pair("left", "right", link);
  await prepare([left, right]);
  const tunnel = await settled(contender, left, right);
  return (await measureTcp(left, right, tunnel, seconds)).gigabitsPerSecond;
}
