/**
 * Starts two daemons in one process, back to back over loopback, and closes them again and again; prints what is left
 * of them. `program.js ROUNDS PACKETS`: a round closes once each daemon has received so many packets.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parseArguments } from "../../src/cli/arguments.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { type Daemon, startDaemon } from "../../src/daemon/daemon.ts";
import { createLog } from "../../src/log/logger.ts";

export interface CloseRounds {
  /** Entries of /proc/self/fd and /proc/self/task, interfaces: after the first rounds, and after the last. */
  readonly before: Remains;
  readonly after: Remains;
  /** Milliseconds of each `close()`. */
  readonly closings: readonly number[];
}

interface Remains {
  readonly descriptors: number;
  readonly threads: number;
  readonly interfaces: readonly string[];
  /**
   * The least after any of the last {@link SETTLED} rounds: what the allocator gives back a moment later, a worker's
   * heap at times, is not there in all of them, and what is leaked is.
   */
  readonly residentMib: number;
}

/** In the first rounds libraries are loaded and pools are filled. */
const WARM_UP = 8;
const SETTLED = 5;

const [rounds = 0, packets = 0] = process.argv.slice(2).map(Number);
const closings: number[] = [];
/** MiB after each round. */
const resident: number[] = [];

for (let i = 0; i < WARM_UP; i++) await round();
const before = remains();
closings.length = 0;
for (let i = 0; i < rounds; i++) await round();
console.log(JSON.stringify({ before, after: remains(), closings } satisfies CloseRounds));

async function round(): Promise<void> {
  const daemons = [await start(config("left", 0)), await start(config("right", 1))];
  for (const daemon of daemons) while ((await packetsIn(daemon)) < packets);
  await Promise.all(daemons.map(close));
  resident.push(process.memoryUsage.rss() / 2 ** 20);
}

async function start(wanted: Config): Promise<Daemon> {
  const daemon = await startDaemon(wanted, createLog([]), new AbortController().signal);
  if (daemon === undefined) throw new Error("no daemon");
  return daemon;
}

async function close(daemon: Daemon): Promise<void> {
  const begun = performance.now();
  await daemon.close();
  closings.push(performance.now() - begun);
  await daemon.closed;
}

async function packetsIn(daemon: Daemon): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 2));
  return Number(/packets-in=(\d+)/.exec((await daemon.report()).join())?.[1]);
}

function config(role: "left" | "right", side: 0 | 1): Config {
  const words = [
    ...["-D", "-e", role, "-E", "words", "-d", `tun${side}`, "-n", `10.77.${side}.1/30`, "--state-dir", "/run/anytun"],
    ...["-i", "127.0.0.1", "-p", `${4444 + side}`, "-r", "127.0.0.1", "-o", `${4445 - side}`],
  ];
  const invocation = parseArguments(words);
  if (invocation.action !== "run") throw new Error("no configuration");
  return parseConfig(invocation.args, {
    uid: 0,
    cwd: "/",
    variables: {},
    services: () => undefined,
    isFile: () => false,
    bytesOf: ({ value }) => Buffer.from(value ?? ""),
    secretVariables: {},
    readSecretFile: () => new Uint8Array(0),
    readCredential: () => undefined,
  });
}

function remains(): Remains {
  const interfaces = readFileSync("/proc/self/net/dev", "utf8").matchAll(/^\s*(\S+):/gm);
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    threads: readdirSync("/proc/self/task").length,
    interfaces: [...interfaces].map(([, name = ""]) => name).sort(),
    residentMib: Math.min(...resident.slice(-SETTLED)),
  };
}
