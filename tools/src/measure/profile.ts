// How much of a thread's time is JavaScript, from the profile that Node.js writes of it (`--cpu-prof`).
import { readFileSync } from "node:fs";

/** The parts of a .cpuprofile that are read here; times in microseconds of the monotonic clock. */
export interface Profile {
  readonly startTime: number;
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  /** Time before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Functions whose own time is the addon's, for they do nothing but call it: all of tun-native. */
const native = /\/tun-native\/dist\//;
/** The one that blocks when there is nothing to do. */
const waiting = /\/tun-native\/dist\/poller\.js$/;

/**
 * Share (0 to 1) of the samples between two moments that are neither the addon's nor waiting, of those that are not
 * waiting. Counts as JavaScript: what is bundled into the daemon, Node.js itself and the garbage collector.
 */
export function javascriptShare(profile: Profile, from: number, to: number): number {
  const kinds = new Map(
    profile.nodes.map(({ id, callFrame: { url } }) => {
      if (waiting.test(url)) return [id, "waiting"];
      return [id, native.test(url) ? "native" : "javascript"];
    }),
  );
  let time = profile.startTime;
  let javascript = 0;
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    time += delta;
    const kind = kinds.get(id);
    if (time < from || time > to || kind === "waiting") continue;
    busy += delta;
    if (kind === "javascript") javascript += delta;
  }
  return javascript / busy;
}

export function readProfile(path: string): Profile {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Now, on the clock of the profiles. */
export function profileTime(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
