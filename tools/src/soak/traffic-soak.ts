// Two of our daemons under steady traffic: memory, losses, drops.
import { type Contender, ours } from "../contenders/index.ts";
import { Lab, LabError } from "../lab/index.ts";
import { type DaemonCounters, daemonCounters } from "../measure/daemon-counters.ts";
import { iperfClient, iperfServer } from "../measure/iperf.ts";
import { residentMib } from "../measure/process-usage.ts";
import { median } from "../measure/statistics.ts";

export interface MemoryTrend {
  /** Medians of the middle and the last third of the time; the first third warms up. */
  readonly middleMib: number;
  readonly lastMib: number;
  readonly largestMib: number;
  readonly flat: boolean;
}

export interface SoakResult {
  readonly seconds: number;
  readonly gigabytes: number;
  readonly pingsSent: number;
  readonly pingsAnswered: number;
  readonly memory: readonly [MemoryTrend, MemoryTrend];
  readonly counters: readonly [DaemonCounters, DaemonCounters];
}

/** A daemon's memory counts as flat when its last third is at most this much above the middle one. */
const growthAllowed = { share: 0.05, mib: 2 } as const;
const sampleMs = 1_000;

/** A TCP stream each way and five pings a second, for `seconds`. @throws LabError when a daemon ends */
export async function soakTraffic(
  seconds: number,
  tick: (message: string) => void,
  contender: Contender = ours,
): Promise<SoakResult> {
  const lab = await Lab.create();
  try {
    const [left, right] = await lab.pair("left", "right");
    const tunnel = await contender.start(left, right);
    const [first, second] = tunnel.programs;
    if (first === undefined || second === undefined) throw new LabError("setup", "two daemons expected");
    const samples: [number[], number[]] = [[], []];
    const sampler = setInterval(() => {
      for (const [index, daemon] of [first, second].entries()) {
        const pid = daemon.pid;
        if (pid !== undefined) samples[index]?.push(residentMib(pid));
      }
      if ((samples[0].length * sampleMs) % 30_000 === 0) {
        tick(
          `${samples[0].length * (sampleMs / 1000)} s  ${samples.map((list) => `${list.at(-1)?.toFixed(1)} MiB`).join("  ")}`,
        );
      }
    }, sampleMs);
    try {
      const server = await iperfServer(right.host);
      const ping = left.host.run("ping", ["-n", "-q", "-i", "0.2", "-w", `${Math.ceil(seconds)}`, tunnel.right], {
        timeout: (seconds + 30) * 1000,
      });
      const report = await iperfClient(left.host, tunnel.right, seconds, ["--bidir"]);
      await server.result(15_000);
      const { stdout } = await ping;
      const [, sent = 0, answered = 0] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
      const bytes = (report.end.sum_received?.bytes ?? 0) + (report.end.sum_received_bidir_reverse?.bytes ?? 0);
      return {
        seconds,
        gigabytes: bytes / 1e9,
        pingsSent: Number(sent),
        pingsAnswered: Number(answered),
        memory: [trend(samples[0]), trend(samples[1])],
        counters: [await daemonCounters(first), await daemonCounters(second)],
      };
    } finally {
      clearInterval(sampler);
    }
  } finally {
    await lab[Symbol.asyncDispose]();
  }
}

function trend(samples: readonly number[]): MemoryTrend {
  const third = Math.floor(samples.length / 3);
  const middleMib = median(samples.slice(third, 2 * third));
  const lastMib = median(samples.slice(2 * third));
  const flat = lastMib <= middleMib * (1 + growthAllowed.share) + growthAllowed.mib;
  return { middleMib, lastMib, largestMib: Math.max(...samples), flat };
}
