// How much of a thread's time is JavaScript, from the profile that Node.js writes of it (`--cpu-prof`).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The parts of a .cpuprofile that are read here; times in microseconds of the monotonic clock. */
export interface Profile {
  readonly startTime: number;
  readonly nodes: readonly {
    readonly id: number;
    /** `lineNumber`: where the function begins, from 0. */
    readonly callFrame: CallFrame;
  }[];
  readonly samples: readonly number[];
  /** Time before each sample. */
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** Functions whose own time is the addon's, for they do nothing but call it: all of tun-native. */
const native = /\/tun-native\/src\//;

/**
 * Microseconds between two moments that were not the addon's. Counts as JavaScript: all else of the daemon's, Node.js itself
 * and the garbage collector.
 * @param sourceOf the source file of a function of a bundle
 */
export function javascriptTime(
  profile: Profile,
  from: number,
  to: number,
  sourceOf: (frame: CallFrame) => string = bundledSource(),
): number {
  const addon = new Set(profile.nodes.flatMap(({ id, callFrame }) => (native.test(sourceOf(callFrame)) ? [id] : [])));
  let time = profile.startTime;
  let javascript = 0;
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    time += delta;
    if (time >= from && time <= to && !addon.has(id)) javascript += delta;
  }
  return javascript;
}

/** Says of functions of a bundle what file they come from: the bundler writes its name above what it took from it. */
function bundledSource(): (frame: CallFrame) => string {
  const bundles = new Map<string, string[]>();
  return ({ url, lineNumber }) => {
    if (!url.startsWith("file:")) return "";
    let sources = bundles.get(url);
    if (sources === undefined) {
      sources = sourceOfEachLine(readFileSync(fileURLToPath(url), "utf8"));
      bundles.set(url, sources);
    }
    return sources[lineNumber] ?? "";
  };
}

/** Of each line of a bundle the source file; empty where that is not said. */
export function sourceOfEachLine(bundle: string): string[] {
  let source = "";
  return bundle.split("\n").map((line) => {
    source = /^\/\/ (\S+\.[cm]?[jt]s)$/.exec(line)?.[1] ?? source;
    return source;
  });
}

export function readProfile(path: string): Profile {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Now, on the clock of the profiles. */
export function profileTime(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
