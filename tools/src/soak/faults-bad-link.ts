// Ten per cent loss, repeats and reordering in both directions: every datagram that arrives is delivered once.
import { fileURLToPath } from "node:url";
import { Lab, LabError, type Program } from "../lab/index.ts";
import { type DaemonCounters, daemonCounters } from "../measure/daemon-counters.ts";
import type { DirectionReport, LinkReport } from "./bad-link.ts";
import { type Fault, type FaultResult, lostOf, sleep, startOurs, Traffic } from "./fault-lab.ts";

const script = fileURLToPath(new URL("../../dist/soak/bad-link.js", import.meta.url));

export const badLinkFault: Fault = {
  name: "bad link",
  needs: [],
  isTimed: false,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const hosts = await Promise.all(["left", "middle", "right"].map((name) => lab.host(name)));
    const [left, middle, right] = await lab.network(hosts);
    if (left === undefined || middle === undefined || right === undefined) throw new LabError("setup", "no hosts");
    const link = middle.host.spawn(process.execPath, [script, right.ipv4, "7"]);
    await link.waitFor(/^ready$/m);
    const seconds = long ? 600 : 5;
    const rightDaemon = startOurs(right.host, "right", ["-w", "1024"]);
    // from the first datagram on there is somebody who counts it
    await rightDaemon.waitFor(/opening socket:/);
    const leftDaemon = startOurs(left.host, "left", ["-r", middle.ipv4, "-w", "1024"]);
    const traffic = await Traffic.start(left.host, right.host);
    await sleep(seconds * 1000);
    const reports = await traffic.stop();
    const { there, back } = await linkReport(link);
    const [leftCounters, rightCounters] = await Promise.all([leftDaemon, rightDaemon].map(daemonCounters));
    if (leftCounters === undefined || rightCounters === undefined) throw new LabError("setup", "no counters");
    const faults = [
      ...accountFaults("to the right", there, rightCounters),
      ...accountFaults("to the left", back, leftCounters),
    ];
    for (const { repeated } of reports) if (repeated > 0) faults.push(`${repeated} answers came more than once`);
    const sent = reports.reduce((sum, report) => sum + report.sent, 0);
    const lost = lostOf(reports);
    // both ways at 10 %: 19 %; three standard deviations of the short run are 4 %
    if (Math.abs(lost / sent - 0.19) > 0.05) faults.push(`${lost} of ${sent} datagrams or their answers were lost`);
    const drops = [...leftCounters.drops, ...rightCounters.drops].map(([reason, count]) => `${reason} ${count}`);
    return {
      done: `${seconds} s of 10 % loss, 5 % repeats, 10 % overtaken, each way`,
      traffic: reports,
      cost: `what the link lost; repeats were dropped (${drops.join(", ")})`,
      faults,
    };
  },
};

async function linkReport(link: Program): Promise<LinkReport> {
  const from = link.output.length;
  await link.kill("SIGUSR1");
  const [line] = await link.waitFor(/^\{.*\}$/m, { from });
  return JSON.parse(line);
}

/** What the link forwarded has arrived: once as a packet, its repeats as replays. */
function accountFaults(
  direction: string,
  { forwarded, repeated }: DirectionReport,
  counters: DaemonCounters,
): string[] {
  const replays = counters.drops.get("replay") ?? 0;
  const faults: string[] = [];
  if (counters.packetsIn + replays !== forwarded) {
    faults.push(`${direction}: ${forwarded} datagrams, but ${counters.packetsIn} packets and ${replays} replays`);
  }
  if (replays !== repeated) faults.push(`${direction}: ${repeated} repeats, but ${replays} replays`);
  for (const [reason, count] of counters.drops) {
    if (reason !== "replay" && reason !== "no-endpoint" && reason !== "no-peer") {
      faults.push(`${direction}: ${count} packets dropped: ${reason}`);
    }
  }
  return faults;
}
