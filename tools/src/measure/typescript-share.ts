// The daemon's data plane under a TCP stream, as the profiler of Node.js sees it.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { oursWith } from "../contenders/index.ts";
import { Lab, LabError } from "../lab/index.ts";
import { iperfClient, iperfServer } from "./iperf.ts";
import { javascriptShare, profileTime, readProfile } from "./profile.ts";

/** Of a worker thread: `CPU.date.time.process.thread.number.cpuprofile`; thread 0 is the main one. */
const workerFile = /\.[1-9]\d*\.\d+\.cpuprofile$/;
const microsecondsBetweenSamples = 200;

/** Share of JavaScript (0 to 1) in the busy time of the data plane's thread: sending end, receiving end. */
export async function measureTypescriptShare(seconds: number): Promise<readonly [number, number]> {
  const scratch = mkdtempSync(join(tmpdir(), "anytun-profile-"));
  try {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const profiler = ["--cpu-prof", `--cpu-prof-dir=${scratch}`, `--cpu-prof-interval=${microsecondsBetweenSamples}`];
    const tunnel = await oursWith("profiled", {}, profiler).start(left, right);
    const server = await iperfServer(right.host);
    const load = iperfClient(left.host, tunnel.right, seconds + 1);
    // The stream has found its rate after half a second.
    await sleep(500);
    const from = profileTime();
    await sleep(seconds * 1000);
    const to = profileTime();
    await load;
    await server.result(15_000);
    const shares: number[] = [];
    for (const daemon of tunnel.programs) {
      // A profile is written at the end of its thread.
      await daemon.stop("SIGTERM");
      const [name] = readdirSync(scratch).filter((file) => workerFile.test(file));
      if (name === undefined) throw new LabError("missing", "the data plane wrote no profile");
      shares.push(javascriptShare(readProfile(join(scratch, name)), from, to));
      rmSync(join(scratch, name));
    }
    return [shares[0] ?? Number.NaN, shares[1] ?? Number.NaN];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
