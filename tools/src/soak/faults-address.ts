// The host loses the address that the tunnel's datagrams come from, and gets it back.
import { Lab } from "../lab/index.ts";
import {
  type Fault,
  type FaultResult,
  lossFaults,
  lostOf,
  type Outage,
  sleep,
  startOurs,
  Traffic,
} from "./fault-lab.ts";

export const addressFault: Fault = {
  name: "underlay address removed and added",
  needs: [],
  isTimed: true,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const rounds = long ? 20 : 2;
    const awayMs = long ? 10_000 : 1_000;
    const daemon = startOurs(left.host, "left", ["-r", right.ipv4, "-w", "1024"]);
    startOurs(right.host, "right", ["-r", left.ipv4, "-w", "1024"]);
    const traffic = await Traffic.start(left.host, right.host);
    const outages: Outage[] = [];
    for (let round = 0; round < rounds; round++) {
      const fromMs = Date.now();
      await left.host.ip([`address del ${left.addresses[0]} dev ${left.device}`]);
      await sleep(awayMs);
      await left.host.ip([`address add ${left.addresses[0]} dev ${left.device}`]);
      outages.push({ fromMs, toMs: Date.now() });
      await sleep(1_500);
    }
    const reports = await traffic.stop();
    const faults = lossFaults(reports, outages, 500);
    if (!daemon.running) faults.push("the daemon has ended");
    return {
      done: `${rounds} times, away for ${awayMs / 1000} s`,
      traffic: reports,
      cost: `${lostOf(reports)} datagrams, of the time without address`,
      faults,
    };
  },
};
