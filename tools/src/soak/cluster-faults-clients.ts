// Clients of the sync port that nobody wants, at the node that carries the traffic.
import { LabError, waitUntil } from "../lab/index.ts";
import type { AnycastNode } from "./anycast-lab.ts";
import {
  abuseReport,
  type ClusterFault,
  type ClusterFaultResult,
  type Holdings,
  holdings,
  leakFaults,
  Pings,
  pingFaults,
  startAbuse,
  threeNodes,
} from "./cluster-fault-lab.ts";
import { sleep } from "./fault-lab.ts";

/** More than the kernels of both ends take for a client that does not read. */
const manyRoutes = 30_000;
/** As many fit into one word of a command line. */
const routesPerWord = 5000;

export const silentFault: ClusterFault = {
  name: "clients that never read",
  async run(long): Promise<ClusterFaultResult> {
    const routes = Array.from({ length: manyRoutes }, (_, i) => `10.${128 + (i >> 8)}.${i & 255}.0/24`);
    const words: string[] = [];
    for (let at = 0; at < manyRoutes; at += routesPerWord)
      words.push("-R", routes.slice(at, at + routesPerWord).join(","));
    await using lab = await threeNodes(words);
    const clients = 20;
    const node = lab.node(0);
    const before = holdings(node);
    const pings = await Pings.start(lab);
    const abuse = await startAbuse(lab.client, node, ["silent", `${clients}`]);
    const { connected } = await abuseReport(abuse, 20_000);
    const during = await waitUntil(
      () => {
        const held = holdings(node);
        return held.descriptors >= before.descriptors + clients ? held : undefined;
      },
      { what: "the daemon to hold its clients", timeout: 10_000 },
    );
    const faults: string[] = [];
    const queued = await lab.node(0).host.check("ss", ["-Htn", "state", "established", "( sport = :2342 )"]);
    const waiting = queued.split("\n").filter((line) => Number(/^\d+\s+(\d+)/.exec(line)?.[1] ?? 0) > 0).length;
    if (waiting < clients) faults.push(`only ${waiting} of ${clients} clients had anything left to read`);
    if (long) {
      await sleep(60_000);
      await waitFor("the daemon to cut them off", () => holdings(node).descriptors <= before.descriptors, faults);
      if (!node.daemon.output.includes("was cut off: stalled")) faults.push("nobody was cut off as stalled");
    } else await sleep(1000);
    const left = Math.max(0, holdings(node).descriptors - before.descriptors);
    await abuse.stop();
    faults.push(...(await leakFaults(node, before)));
    const count = await pings.stop();
    faults.push(...pingFaults(count, 0));
    const grown = Math.max(0, during.mib - before.mib).toFixed(0);
    return {
      done: `${connected} connections, ${manyRoutes} routes to read`,
      pings: count,
      seen: `${left} still held ${long ? "after a minute" : "after a second"}; ${grown} MiB meanwhile`,
      faults,
    };
  },
};

export const garbageFault: ClusterFault = {
  name: "client that sends garbage",
  async run(long): Promise<ClusterFaultResult> {
    await using lab = await threeNodes();
    const node = lab.node(0);
    const before = holdings(node);
    const pings = await Pings.start(lab);
    const abuse = await startAbuse(lab.client, node, ["garbage", `${long ? 1e9 : 2e7}`]);
    const { connected, bytes, seconds } = await abuseReport(abuse, long ? 1_800_000 : 60_000);
    await abuse.stop();
    const rest = await afterwards(node, before, pings);
    const done = `${(bytes / 1e6).toFixed(0)} MB in ${connected} connections within ${seconds.toFixed(1)} s`;
    return { done, ...rest };
  },
};

/** What is left behind may show later. */
export async function afterwards(
  node: AnycastNode,
  before: Holdings,
  pings: Pings,
): Promise<Omit<ClusterFaultResult, "done">> {
  await sleep(1500);
  const faults = await leakFaults(node, before);
  const count = await pings.stop();
  faults.push(...pingFaults(count, 0));
  if (!/was sent away|was cut off/.test(node.daemon.output))
    faults.push("the log does not say that anybody was refused");
  const after = holdings(node);
  const seen = `descriptors ${before.descriptors} and ${after.descriptors}, memory ${before.mib.toFixed(0)} and ${after.mib.toFixed(0)} MiB before and after`;
  return { pings: count, seen, faults };
}

async function waitFor(what: string, condition: () => boolean, faults: string[]): Promise<void> {
  try {
    await waitUntil(condition, { what, interval: 250, timeout: 30_000 });
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    faults.push(error.message);
  }
}
