// The daemon's data plane under a TCP stream, as the profiler of Node.js sees it.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { oursWith } from "../contenders/index.ts";
import { Lab, LabError } from "../lab/index.ts";
import { iperfClient, iperfServer } from "./iperf.ts";
import { threadSeconds } from "./process-usage.ts";
import { javascriptTime, profileTime, readProfile } from "./profile.ts";

/** Of a worker thread: `CPU.date.time.process.thread.number.cpuprofile`; thread 0 is the main one. */
const workerFile = /\.[1-9]\d*\.\d+\.cpuprofile$/;
const microsecondsBetweenSamples = 200;
/** The first long bursts have the compiler begin anew, and a profiled thread it takes longer. */
const settledMs = 2000;

/**
 * Share of JavaScript (0 to 1) in the processor time of the data plane's thread: sending end, receiving end. Not in the time of
 * the profile: the poller waits and reads in one call, so a profile does not tell which of the two it was.
 */
export async function measureTypescriptShare(seconds: number): Promise<readonly [number, number]> {
  const scratch = mkdtempSync(join(tmpdir(), "anytun-profile-"));
  try {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const profiler = ["--cpu-prof", `--cpu-prof-dir=${scratch}`, `--cpu-prof-interval=${microsecondsBetweenSamples}`];
    const tunnel = await oursWith("profiled", {}, profiler).start(left, right);
    const server = await iperfServer(right.host);
    const load = iperfClient(left.host, tunnel.right, seconds + settledMs / 1000 + 1);
    await sleep(settledMs);
    const usage = (): Map<string, number>[] => tunnel.programs.map(({ pid }) => threadSeconds(pid ?? Number.NaN));
    const [from, before] = [profileTime(), usage()];
    await sleep(seconds * 1000);
    const [to, after] = [profileTime(), usage()];
    await load;
    await server.result(15_000);
    const shares: number[] = [];
    for (const [end, daemon] of tunnel.programs.entries()) {
      // under load no other thread comes near it
      const used = Math.max(...[...(after[end] ?? [])].map(([thread, sum]) => sum - (before[end]?.get(thread) ?? 0)));
      // A profile is written at the end of its thread.
      await daemon.stop("SIGTERM");
      const [name] = readdirSync(scratch).filter((file) => workerFile.test(file));
      if (name === undefined) throw new LabError("missing", "the data plane wrote no profile");
      shares.push(javascriptTime(readProfile(join(scratch, name)), from, to) / (used * 1e6));
      rmSync(join(scratch, name));
    }
    return [shares[0] ?? Number.NaN, shares[1] ?? Number.NaN];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
