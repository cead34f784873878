// The wall clock jumps by an hour: nothing but the log may notice. The clock of a machine is not a test's to set, so
// the daemon gets one of its own, which the test moves through a file.
import { ownDaemon } from "../contenders/index.ts";
import { Lab } from "../lab/index.ts";
import { type Fault, type FaultResult, lossFaults, sleep, startOurs, Traffic, tunnelOptions } from "./fault-lab.ts";

const offsetFile = "/run/clock-offset";
const clockFile = "/run/clock.mjs";
/** Loaded before the daemon, and before its data plane. */
const clock = `
import { readFileSync } from "node:fs";
const Real = Date;
const now = () => Real.now() + Number(readFileSync("${offsetFile}", "utf8"));
globalThis.Date = class Date extends Real {
  constructor(...words) { words.length === 0 ? super(now()) : super(...words); }
  static now() { return now(); }
};`;
const hourMs = 3_600_000;

export const clockFault: Fault = {
  name: "clock jumps",
  needs: [],
  isTimed: false,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const rounds = long ? 30 : 1;
    const [node, cli] = ownDaemon;
    await left.host.check("sh", ["-c", `cat >${clockFile}; echo 0 >${offsetFile}`], { input: clock });
    const words = [...tunnelOptions("left"), "--state-dir", "/run/fault-state", "--keepalive", "1"];
    const daemon = left.host.spawn(node, [cli, ...words, "-r", right.ipv4, "-w", "1024"], {
      env: { NODE_OPTIONS: `--import=file://${clockFile}` },
    });
    startOurs(right.host, "right", ["-w", "1024", "--keepalive", "1"]);
    const traffic = await Traffic.start(left.host, right.host);
    const faults: string[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const offset of [hourMs, -hourMs, 0]) {
        await left.host.check("sh", ["-c", `echo ${offset} >${offsetFile}`]);
        const from = daemon.output.length;
        await daemon.kill("SIGUSR1");
        const [, hours = ""] = await daemon.waitFor(/ (\d\d):\d\d:\d\d NOTICE: counters: /, { from });
        const expected = new Date(Date.now() + offset).getHours();
        // a minute's end may lie between the two
        if ((Number(hours) - expected + 25) % 24 > 2)
          faults.push(`the log says ${hours} o'clock instead of ${expected}`);
        await sleep(700);
      }
    }
    const reports = await traffic.stop();
    return {
      done: `${rounds} times an hour forward, two back, one forward`,
      traffic: reports,
      cost: "the times in the log",
      faults: [...faults, ...lossFaults(reports, [], 0)],
    };
  },
};
