// A daemon that is stopped (a debugger, a frozen virtual machine) goes on where it was.
import { Lab } from "../lab/index.ts";
import { type Fault, type FaultResult, lossFaults, lostOf, sleep, startOurs, Traffic } from "./fault-lab.ts";

/** What waited in the kernel comes first, and on a busy machine both ends have to be scheduled in between. */
const resumeMs = 2_000;

export const stoppedFault: Fault = {
  name: "daemon stopped",
  needs: [],
  isTimed: true,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const seconds = long ? 60 : 2;
    const daemon = startOurs(left.host, "left", ["-r", right.ipv4, "-w", "1024"]);
    startOurs(right.host, "right", ["-r", left.ipv4, "-w", "1024"]);
    const traffic = await Traffic.start(left.host, right.host);
    await sleep(500);
    const fromMs = Date.now();
    await daemon.kill("SIGSTOP");
    await sleep(seconds * 1000);
    await daemon.kill("SIGCONT");
    const outage = { fromMs, toMs: Date.now() };
    // most of the traffic must find a tunnel
    await sleep(long ? seconds * 200 : 1_500);
    const reports = await traffic.stop();
    return {
      done: `SIGSTOP, SIGCONT after ${seconds} s`,
      traffic: reports,
      cost: `${lostOf(reports)} datagrams, of the time in which it was stopped`,
      faults: lossFaults(reports, [outage], resumeMs),
    };
  },
};
