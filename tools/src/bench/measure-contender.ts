// One contender, once: its own hosts, every measurement, nothing left.
import type { Contender } from "../contenders/index.ts";
import { Lab } from "../lab/index.ts";
import { measureIdleLatency, measureLoadedLatency } from "../measure/latency.ts";
import { measureSmallUdp } from "../measure/small-udp.ts";
import { measureTcp } from "../measure/tcp.ts";
import type { Figures } from "./results.ts";

export async function measureContender(contender: Contender, seconds: number): Promise<Figures> {
  const lab = await Lab.create();
  try {
    const [left, right] = await lab.pair("left", "right");
    const tunnel = await contender.start(left, right);
    const idle = await measureIdleLatency(left, tunnel, Math.min(2, seconds));
    const tcp = await measureTcp(left, right, tunnel, seconds);
    const loaded = await measureLoadedLatency(left, right, tunnel, Math.min(3, seconds));
    const smallUdp = await measureSmallUdp(left, right, tunnel, Math.min(3, seconds));
    return {
      tcp: tcp.gigabitsPerSecond,
      cpuLeft: tcp.cpuPerGb[0],
      cpuRight: tcp.cpuPerGb[1],
      residentLeft: tcp.residentMib[0],
      residentRight: tcp.residentMib[1],
      smallUdp,
      idle,
      loaded,
    };
  } finally {
    await lab[Symbol.asyncDispose]();
  }
}
