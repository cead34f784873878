// The system log goes away, comes back, and hangs: packets do not notice, and no line is lost while few are written.
import { fileURLToPath } from "node:url";
import { type Host, Lab, type Program } from "../lab/index.ts";
import { type Fault, type FaultResult, lossFaults, sleep, startOurs, Traffic } from "./fault-lab.ts";

const receiver = fileURLToPath(new URL("../../../packages/tun-native/dist/testing/index.js", import.meta.url));

/** Prints each line that it gets; a line on stdin stops it from reading. */
const syslog = `
const { rmSync } = await import("node:fs");
const { UnixReceiver } = await import(${JSON.stringify(receiver)});
rmSync("/dev/log", { force: true });
const log = new UnixReceiver("/dev/log");
let reads = true;
process.stdin.once("data", () => { reads = false; console.log("stuck"); });
setInterval(() => { if (reads) for (const text of log.drain()) console.log(text); }, 5);
console.log("ready");`;

async function startSyslog(host: Host): Promise<Program> {
  const program = host.spawn(process.execPath, ["--input-type=module", "--eval", syslog]);
  await program.waitFor(/^ready$/m);
  return program;
}

export const syslogFault: Fault = {
  name: "system log gone",
  needs: [],
  isTimed: false,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    await left.host.ownDev();
    const rounds = long ? 20 : 2;
    const seconds = long ? 5 : 1;
    let log = await startSyslog(left.host);
    startOurs(right.host, "right", ["-r", left.ipv4]);
    const daemon = startOurs(left.host, "left", ["-r", right.ipv4, "-L", "syslog:3"]);
    await log.waitFor(/KeyDerivation: using role/);
    const traffic = await Traffic.start(left.host, right.host);
    for (let round = 0; round < rounds; round++) {
      const isGone = round % 2 === 0;
      if (isGone) await log.stop("SIGKILL");
      else {
        log.write("\n");
        await log.waitFor(/^stuck$/m);
      }
      const from = daemon.output.length;
      await daemon.kill("SIGUSR2");
      await daemon.waitFor(/debug lines are/, { from });
      await sleep(seconds * 1000);
      if (!isGone) await log.stop("SIGKILL");
      log = await startSyslog(left.host);
      await daemon.kill("SIGUSR2");
      // what was written meanwhile first; of a log that hung, what its queue had taken is gone with it
      await log.waitFor(isGone ? /SIG-Usr2 caught[\s\S]*SIG-Usr2 caught[\s\S]*debug lines are/ : /debug lines are/);
    }
    const reports = await traffic.stop();
    return {
      done: `killed or stuck ${rounds} times, for ${seconds} s each, and started again`,
      traffic: reports,
      cost: "nothing: lines written meanwhile arrived later",
      faults: lossFaults(reports, [], 0),
    };
  },
};
