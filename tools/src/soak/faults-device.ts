// Somebody deletes the interface of a running daemon: it says so and ends with a status, and its supervisor starts it again.
import { ownDaemon } from "../contenders/index.ts";
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
  tunnelOptions,
} from "./fault-lab.ts";

/** As systemd's Restart=on-failure does. */
const supervisor = 'until "$@"; do echo "supervisor: status $?"; sleep 0.2; done';

export const deviceFault: Fault = {
  name: "device deleted",
  needs: [],
  isTimed: true,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const rounds = long ? 20 : 1;
    const words = [...ownDaemon, ...tunnelOptions("left"), "--state-dir", "/run/fault-state", "-r", right.ipv4];
    const daemon = left.host.spawn("sh", ["-c", supervisor, "sh", ...words, "-w", "1024"]);
    startOurs(right.host, "right", ["-r", left.ipv4, "-w", "1024"]);
    const traffic = await Traffic.start(left.host, right.host);
    const outages: Outage[] = [];
    for (let round = 0; round < rounds; round++) {
      const from = daemon.output.length;
      const fromMs = Date.now();
      await left.host.ip(["link delete tun0"]);
      await daemon.waitFor(/ERROR: uncaught runtime error, exiting: .*tun0/, { from });
      await daemon.waitFor(/supervisor: status 255/, { from });
      await daemon.waitFor(/added connection remote host/, { from });
      await left.host.reach("10.96.0.2");
      outages.push({ fromMs, toMs: Date.now() });
      await sleep(500);
    }
    const reports = await traffic.stop();
    return {
      done: `${rounds} times, under a supervisor that starts it again`,
      traffic: reports,
      cost: `${lostOf(reports)} datagrams, until it was up again`,
      faults: lossFaults(reports, outages, 500),
    };
  },
};
