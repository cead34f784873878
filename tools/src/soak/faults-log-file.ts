// Somebody removes the log file of a running daemon: packets do not notice, and SIGHUP makes a new one.
import { Lab } from "../lab/index.ts";
import { type Fault, type FaultResult, inFile, lossFaults, sleep, startOurs, Traffic } from "./fault-lab.ts";

const path = "/run/anytun-fault.log";

export const logFileFault: Fault = {
  name: "log file unlinked",
  needs: [],
  isTimed: false,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const rounds = long ? 50 : 3;
    startOurs(right.host, "right", ["-r", left.ipv4]);
    const daemon = startOurs(left.host, "left", ["-r", right.ipv4, "-L", `file:3,${path}`]);
    await inFile(left.host, path, "KeyDerivation: using role");
    const traffic = await Traffic.start(left.host, right.host);
    for (let round = 0; round < rounds; round++) {
      await left.host.check("rm", [path]);
      const from = daemon.output.length;
      await daemon.kill("SIGUSR1");
      await daemon.waitFor(/counters: /, { from });
      await daemon.kill("SIGHUP");
      await daemon.waitFor(/SIG-Hup caught/, { from });
      await daemon.kill("SIGUSR1");
      await inFile(left.host, path, "counters: ");
      await sleep(200);
    }
    const reports = await traffic.stop();
    return {
      done: `removed ${rounds} times, SIGHUP after each`,
      traffic: reports,
      cost: "the lines between removal and SIGHUP",
      faults: lossFaults(reports, [], 0),
    };
  },
};
