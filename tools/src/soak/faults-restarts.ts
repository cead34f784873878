// The peer dies and comes back again and again, ours and an original: nothing is lost but while it is away.
import { Lab, type Program } from "../lab/index.ts";
import {
  type Fault,
  type FaultResult,
  lossFaults,
  lostOf,
  type Outage,
  sleep,
  startOurs,
  Traffic,
  tunnelOptions,
} from "./fault-lab.ts";

/** The first datagrams after a start may go to an interface that is not configured yet. */
const slackMs = 500;

function restarts(peer: "ours" | "anytun"): Fault {
  return {
    name: peer === "ours" ? "peer restarted" : "original restarted",
    needs: peer === "ours" ? [] : ["anytun", "ifconfig"],
    isTimed: true,
    async run(long): Promise<FaultResult> {
      await using lab = await Lab.create();
      const [left, right] = await lab.pair("left", "right");
      const times = long ? 50 : 3;
      // an original begins again at sequence number 0, which a replay window refuses
      const window = ["-w", peer === "ours" ? "1024" : "0"];
      const start = (): Program =>
        peer === "ours"
          ? startOurs(right.host, "right", ["-r", left.ipv4, ...window])
          : right.host.spawn("anytun", [...tunnelOptions("right"), "-r", left.ipv4, ...window]);
      startOurs(left.host, "left", ["-r", right.ipv4, ...window]);
      let program = start();
      const traffic = await Traffic.start(left.host, right.host);
      const outages: Outage[] = [];
      for (let time = 0; time < times; time++) {
        await sleep(500);
        const fromMs = Date.now();
        await program.stop(time % 2 === 0 ? "SIGKILL" : "SIGTERM");
        program = start();
        await program.waitFor(/added connection remote host/);
        await left.host.reach("10.96.0.2");
        outages.push({ fromMs, toMs: Date.now() });
      }
      await sleep(500);
      const reports = await traffic.stop();
      const away = outages.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
      return {
        done: `${times} times, killed and ended in turn`,
        traffic: reports,
        cost: `${lostOf(reports)} datagrams within the ${(away / 1000).toFixed(1)} s without a peer`,
        faults: lossFaults(reports, outages, slackMs),
      };
    },
  };
}

export const restartFaults: readonly Fault[] = [restarts("ours"), restarts("anytun")];
