// Two ends of a tunnel with clocks around each stage (packages/anytun/bench), under a TCP stream.
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Lab, type LinkEnd, type Program } from "../lab/index.ts";
import { iperfClient, iperfServer } from "./iperf.ts";

/** Stages of a packet's journey, in its order. */
export const stages = ["read", "frame", "seal", "send", "receive", "classify", "open", "accept", "write"] as const;

export type Stage = (typeof stages)[number];

/** The stages that are TypeScript; the others are the addon and the kernel below it. */
export const typescriptStages: ReadonlySet<Stage> = new Set(["frame", "classify", "accept"]);

interface StageSum {
  readonly ms: number;
  readonly calls: number;
  readonly packets: number;
}

/** What an end writes. */
export interface StageReport {
  readonly stages: Readonly<Record<Stage | "wait", StageSum>>;
  /** Milliseconds in turns of the data plane, with stages, clocks and waiting. */
  readonly turnMs: number;
  /** Milliseconds that one reading of the clock takes. */
  readonly clockMs: number;
  readonly residentMib: number;
}

/** What the stages of an end took of its time, without the clocks. */
export interface StageFigures {
  /** Nanoseconds per packet that went through; NaN where none did. */
  readonly nanoseconds: Readonly<Record<Stage, number>>;
  /** Packets of a call, mean. */
  readonly batch: Readonly<Record<Stage, number>>;
  /** Of the time that the end did not wait. */
  readonly share: Readonly<Record<Stage, number>>;
  /** What is outside of the stages: the turn itself and its look at TCP's segment sizes; per packet, and its share. */
  readonly restNanoseconds: number;
  readonly restShare: number;
  /** Of TypeScript: its stages and the rest. */
  readonly typescriptShare: number;
}

export interface StageRun {
  /** Gbit/s. */
  readonly rate: number;
  readonly left: StageFigures;
  readonly right: StageFigures;
  /** Mean of both ends. */
  readonly residentMib: number;
  /** Milliseconds until both ends had all their peers and routes. */
  readonly readyMs: number;
}

export interface Scale {
  readonly peers: number;
  /** 0: everything goes to the only peer. */
  readonly routes: number;
}

const runner = fileURLToPath(new URL("../../../packages/anytun/dist/bench/stage-runner.js", import.meta.url));
const inside = ["10.99.0.1", "10.99.0.2"] as const;

/** One stream from left to right; the clocks run for `seconds` after it has found its rate. */
export async function measureStages({ peers, routes }: Scale, seconds: number): Promise<StageRun> {
  await using lab = await Lab.create();
  const [left, right] = await lab.pair("left", "right");
  const start = (end: LinkEnd, role: string, peer: string, own: string, peerInside: string): Program => {
    const options = { role, peer, inside: own, peerInside, peers, routes };
    return end.host.spawn(process.execPath, [runner, JSON.stringify(options)]);
  };
  const ends = [
    start(left, "left", right.ipv4, inside[0], inside[1]),
    start(right, "right", left.ipv4, inside[1], inside[0]),
  ] as const;
  const ready = await Promise.all(ends.map((end) => end.waitFor(/^ready after (\d+) ms/m, { timeout: 120_000 })));
  await left.host.reach(inside[1]);
  const server = await iperfServer(right.host);
  const load = iperfClient(left.host, inside[1], seconds + 1);
  await sleep(500);
  for (const end of ends) end.write("reset\n");
  await sleep(seconds * 1000);
  const reports = await Promise.all([report(ends[0]), report(ends[1])]);
  const received = (await load).end.sum_received?.bits_per_second ?? Number.NaN;
  await server.result(15_000);
  return {
    rate: received / 1e9,
    left: stageFigures(reports[0]),
    right: stageFigures(reports[1]),
    residentMib: (reports[0].residentMib + reports[1].residentMib) / 2,
    readyMs: Math.max(...ready.map((match) => Number(match[1]))),
  };
}

/**
 * Every timed call reads the clock twice: about once inside of what it measures, about once outside. Both are taken
 * away, from the stage and from the rest.
 */
export function stageFigures({ stages: sums, turnMs, clockMs }: StageReport): StageFigures {
  const own = (stage: Stage | "wait"): number => Math.max(0, sums[stage].ms - sums[stage].calls * clockMs);
  const calls = [...stages, "wait" as const].reduce((total, stage) => total + sums[stage].calls, 0);
  const measured = [...stages, "wait" as const].reduce((total, stage) => total + sums[stage].ms, 0);
  const rest = Math.max(0, turnMs - measured - calls * clockMs);
  const busy = stages.reduce((total, stage) => total + own(stage), rest);
  const packets = sums.read.packets + sums.receive.packets;
  const each = (value: (stage: Stage) => number): Record<Stage, number> => ({
    ...{ read: value("read"), frame: value("frame"), seal: value("seal"), send: value("send") },
    ...{ receive: value("receive"), classify: value("classify"), open: value("open") },
    ...{ accept: value("accept"), write: value("write") },
  });
  const typescript = [...typescriptStages].reduce((total, stage) => total + own(stage), rest);
  return {
    nanoseconds: each((stage) => (own(stage) * 1e6) / sums[stage].packets),
    batch: each((stage) => sums[stage].packets / sums[stage].calls),
    share: each((stage) => own(stage) / busy),
    restNanoseconds: (rest * 1e6) / packets,
    restShare: rest / busy,
    typescriptShare: typescript / busy,
  };
}

async function report(end: Program): Promise<StageReport> {
  const from = end.output.length;
  end.write("report\n");
  const [line] = await end.waitFor(/^\{.*\}$/m, { from });
  return JSON.parse(line);
}
