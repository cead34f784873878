// The state directory takes nothing any more while sequence numbers run out: what cannot be reserved is not sent, no number
// is used twice, and all goes on when there is room again, or after a repair and a restart.
import { type Host, Lab, type Program } from "../lab/index.ts";
import { daemonCounters } from "../measure/daemon-counters.ts";
import { type Fault, type FaultResult, inside, lossFaults, lostOf, sleep, startOurs, Traffic } from "./fault-lab.ts";

/** Every write of the process to a file fails from now on, at a byte or at none. */
const limit = 'prlimit --pid "$(pgrep -o -x anytun)" --fsize="$1:"';

const makeDisk = "truncate -s 32M /run/disk && mkfs.ext4 -q /run/disk && mkdir -m 0700 /run/fault-state";
const mountDisk = "mount -o loop,errors=remount-ro /run/disk /run/fault-state && chmod 0700 /run/fault-state";
/** What the kernel does when the disk below fails. */
const failDisk = "mount -o remount,abort /run/fault-state";
const repairDisk = `umount /run/fault-state && { e2fsck -fp /run/disk || [ $? -eq 1 ]; } && ${mountDisk}`;

const fullState: Fault = {
  name: "state directory full",
  needs: ["iperf3"],
  isTimed: true,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const rounds = long ? 5 : 1;
    const daemon = startOurs(left.host, "left", ["-r", right.ipv4, "-w", "1024"]);
    startOurs(right.host, "right", ["-r", left.ipv4, "-w", "1024"]);
    const traffic = await Traffic.start(left.host, right.host);
    const server = await serve(right.host);
    const faults: string[] = [];
    // the load alone may cost datagrams
    const fromMs = Date.now();
    for (let round = 0; round < rounds; round++) {
      const from = daemon.output.length;
      await left.host.check("sh", ["-c", limit, "sh", "0"]);
      const load = loadOf(left.host);
      faults.push(...(await complaintFaults(daemon, from, "EFBIG")));
      await sleep(1_000);
      await left.host.check("sh", ["-c", limit, "sh", "unlimited"]);
      await daemon.waitFor(/sequence numbers can be reserved again/, { from });
      await load.stop();
    }
    const outage = { fromMs, toMs: Date.now() };
    await sleep(2_000);
    const reports = await traffic.stop();
    await server.stop();
    if (!daemon.running) faults.push("the daemon has ended");
    return {
      done: `${rounds} times under load, until numbers ran out`,
      traffic: reports,
      cost: `${lostOf(reports)} datagrams, while there were no numbers and under load`,
      faults: [...faults, ...lossFaults(reports, [outage], 500)],
    };
  },
};

const readOnlyState: Fault = {
  name: "state directory read-only",
  needs: ["iperf3", "mkfs.ext4"],
  isTimed: true,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const rounds = long ? 5 : 1;
    const start = (): Program => startOurs(left.host, "left", ["-r", right.ipv4, "-w", "1024"]);
    await left.host.check("sh", ["-c", `${makeDisk} && ${mountDisk}`]);
    let daemon = start();
    const peer = startOurs(right.host, "right", ["-r", left.ipv4, "-w", "1024"]);
    const traffic = await Traffic.start(left.host, right.host);
    const faults: string[] = [];
    const fromMs = Date.now();
    for (let round = 0; round < rounds; round++) {
      // anew each time: that this load ends it cannot hear
      const server = await serve(right.host);
      await left.host.check("sh", ["-c", failDisk]);
      const load = loadOf(left.host);
      faults.push(...(await complaintFaults(daemon, 0, "EROFS")));
      await sleep(1_000);
      if (!daemon.running) faults.push("the daemon has ended");
      await load.stop();
      await server.stop();
      await daemon.stop();
      await left.host.check("sh", ["-c", repairDisk]);
      daemon = start();
      await left.host.reach(inside.right);
    }
    const outage = { fromMs, toMs: Date.now() };
    await sleep(1_000);
    const reports = await traffic.stop();
    const replays = (await daemonCounters(peer))?.drops.get("replay") ?? 0;
    if (replays > 0) faults.push(`${replays} numbers were used twice`);
    return {
      done: `${rounds} times by a failing disk under load, until numbers ran out; then repaired, and the daemon started again`,
      traffic: reports,
      cost: `${lostOf(reports)} datagrams, while there were no numbers or no daemon, and under load`,
      faults: [...faults, ...lossFaults(reports, [outage], 500)],
    };
  },
};

export const stateFaults: readonly Fault[] = [fullState, readOnlyState];

async function serve(host: Host): Promise<Program> {
  const server = host.spawn("iperf3", ["-s", "--forceflush"]);
  await server.waitFor(/listening/);
  return server;
}

/** Packets for longer than a block of numbers lasts. */
function loadOf(host: Host): Program {
  return host.spawn("iperf3", ["-c", inside.right, "-t", "300"]);
}

/** Waits until the daemon has no numbers left to reserve. Of what was before there may be a late summary of dropped frames. */
async function complaintFaults(daemon: Program, from: number, code: string): Promise<string[]> {
  const [line] = await daemon.waitFor(/ERROR: state .*\n/, { from, timeout: 300_000 });
  const isRight = new RegExp(`state file /run/fault-state/\\S+: (?:write|fdatasync): .*\\(${code}\\)`).test(line);
  return isRight ? [] : [`the log says: ${line}`];
}
