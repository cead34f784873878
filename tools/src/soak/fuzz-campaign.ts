// A stranger on the network sends random and mutated datagrams to a daemon that is in use.
import { fileURLToPath } from "node:url";
import { ours } from "../contenders/index.ts";
import type { Flood } from "../fuzz/flood.ts";
import { type Host, Lab, LabError, type Program, waitUntil } from "../lab/index.ts";
import { type DaemonCounters, daemonCounters } from "../measure/daemon-counters.ts";
import { residentMib } from "../measure/process-usage.ts";
import { type UdpStatistics, udpStatistics } from "../measure/udp-statistics.ts";

export interface FuzzResult {
  readonly flood: Flood;
  readonly seed: number;
  /** Datagrams that the daemon's socket gave to it meanwhile. */
  readonly read: number;
  /** Datagrams that the kernel had no room for. */
  readonly droppedByKernel: number;
  /** Datagrams that the daemon has counted, delivered or dropped. */
  readonly counted: number;
  readonly residentBeforeMib: number;
  readonly residentAfterMib: number;
  readonly counters: DaemonCounters;
}

/** Reasons that concern the other direction, or a datagram that was counted as delivered before. */
const notInbound: ReadonlySet<string> = new Set([
  ...["too-long", "not-ip", "no-route", "no-peer", "no-endpoint", "no-sequence", "device-write"],
  ...["send-full", "send-too-big", "send-unreachable", "send-other"],
]);
const port = 4444;

/**
 * Floods the right one of two daemons with `count` datagrams from a third host.
 * @throws LabError when the daemon ends, or the tunnel does not work afterwards
 */
export async function fuzzCampaign(count: number, seed: number): Promise<FuzzResult> {
  const lab = await Lab.create();
  try {
    const hosts = await Promise.all(["left", "right", "stranger"].map((name) => lab.host(name)));
    const [left, right, stranger] = await lab.network(hosts);
    if (left === undefined || right === undefined || stranger === undefined) throw new LabError("setup", "no hosts");
    const capture = await right.host.capture(right.device, `udp and dst port ${port}`);
    const tunnel = await ours.start(left, right);
    const target = tunnel.programs[1];
    if (target === undefined) throw new LabError("setup", "no daemon");
    for (const size of ["0", "56", "512", "1300"]) {
      await left.host.check("ping", ["-n", "-c", "3", "-i", "0.05", "-s", size, tunnel.right]);
    }
    const samples = (await capture.stop()).map((datagram) => Buffer.from(datagram.payload).toString("hex"));

    await warm(right.host);
    const before = await look(target, right.host);
    const script = fileURLToPath(new URL("../../dist/fuzz/flood.js", import.meta.url));
    const args = [script, right.ipv4, `${port}`, `${count}`, `${seed}`];
    const input = `${samples.join("\n")}\n`;
    const flood: Flood = JSON.parse(await stranger.host.check(process.execPath, args, { input, timeout: 1_200_000 }));
    if (!target.running) throw new LabError("exited", `the daemon ended:\n${target.output.slice(-4000)}`);
    const after = await settled(target, right.host);
    await left.host.reach(tunnel.right);
    await right.host.reach(tunnel.left);
    return {
      flood,
      seed,
      read: after.udp.read - before.udp.read,
      droppedByKernel: after.udp.dropped - before.udp.dropped,
      counted: inbound(after.counters) - inbound(before.counters),
      residentBeforeMib: before.resident,
      residentAfterMib: after.resident,
      counters: after.counters,
    };
  } finally {
    await lab[Symbol.asyncDispose]();
  }
}

interface Look {
  readonly counters: DaemonCounters;
  readonly udp: UdpStatistics;
  readonly resident: number;
}

async function look(daemon: Program, host: Host): Promise<Look> {
  const counters = await daemonCounters(daemon);
  return { counters, udp: await udpStatistics(host), resident: residentMib(daemon.pid ?? 0) };
}

/** Waits until a daemon of ours has ended its warm-up: what it sends itself over loopback the kernel counts as read, too. */
async function warm(host: Host): Promise<void> {
  const loopbackSocket = / 0100007F:/;
  await waitUntil(async () => !loopbackSocket.test(await host.check("cat", ["/proc/net/udp"])), {
    timeout: 60_000,
    what: "the end of a daemon's warm-up",
  });
}

/** Looks until two looks in a row agree: what was queued has been read and counted. */
async function settled(daemon: Program, host: Host): Promise<Look> {
  for (let last = await look(daemon, host); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const next = await look(daemon, host);
    if (next.udp.read === last.udp.read && inbound(next.counters) === inbound(last.counters)) return next;
    last = next;
  }
}

function inbound(counters: DaemonCounters): number {
  let sum = counters.packetsIn;
  for (const [reason, count] of counters.drops) if (!notInbound.has(reason)) sum += count;
  return sum;
}
