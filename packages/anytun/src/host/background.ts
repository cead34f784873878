/**
 * The way into the background, seen from the first process: it starts the daemon as nobody's child and waits until the
 * tunnel is up. Node cannot fork, so the daemon is the same program executed anew; it does all the work, and what
 * is wrong it says itself, on the streams that it still has from here.
 */
import { read } from "node:fs";
import { constants } from "node:os";
import { MemoryFile, Pipe, spawnDetached } from "tun-native";
import type { Origin } from "../cli/origin.ts";
import { HANDOVER_VARIABLE, handoverValue, writeHandover } from "./handover.ts";

export interface Launch {
  readonly origin: Origin;
  /** The interpreter, its options and the script. */
  readonly program: readonly string[];
  /** The words behind them as `ps` may show them. */
  readonly shownWords: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes one line for the caller. */
  readonly complain: (text: string) => void;
}

const FORWARDED = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"] as const;
const EXIT_FAILURE = 255;
/** Node reads these certificates before anything else, for a tenth of a second; nothing here needs them. */
const SLOW_VARIABLE = "NODE_EXTRA_CA_CERTS";

/**
 * @returns the status for the caller: 0 once the tunnel is up
 * @throws TunNativeError when no process can be started
 */
export async function startInBackground(launch: Launch): Promise<number> {
  const { origin, program, shownWords, environment, complain } = launch;
  const memory = new MemoryFile("anytun");
  const status = new Pipe();
  writeHandover(memory.fd, origin);
  let stopped: NodeJS.Signals | undefined;
  let pid = 0;
  const stop = (signal: NodeJS.Signals): void => {
    stopped ??= signal;
    if (pid > 0) terminate(pid);
  };
  // before there is a daemon: a terminal reaches only this process
  for (const signal of FORWARDED) process.on(signal, stop);
  pid = spawnDetached({
    path: process.execPath,
    words: [...program, ...shownWords],
    environment: {
      ...environment,
      [HANDOVER_VARIABLE]: handoverValue(memory.fd, { type: "background", statusFd: status.writeFd }),
      [SLOW_VARIABLE]: undefined,
    },
    keep: [memory.fd, status.writeFd, ...namedDescriptors(origin.words)],
  });
  memory.close();
  status.closeWriter();
  const result = await readStatus(status.readFd);
  for (const signal of FORWARDED) process.off(signal, stop);
  if (stopped !== undefined && result !== 0) {
    process.kill(process.pid, stopped);
    return 128 + constants.signals[stopped];
  }
  if (result === undefined) complain("the daemon was killed before the tunnel was up");
  return result ?? EXIT_FAILURE;
}

/** A hangup would mean something else to the daemon, so every signal becomes this one. */
function terminate(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // it has just ended
  }
}

/** One byte; undefined when the daemon ended without it. */
function readStatus(fd: number): Promise<number | undefined> {
  const byte = new Uint8Array(1);
  return new Promise((resolve) => {
    read(fd, byte, 0, 1, null, (error, count) => resolve(error === null && count === 1 ? byte[0] : undefined));
  });
}

/** Open files that words name, such as the `/dev/fd/63` of a shell's process substitution. */
export function namedDescriptors(words: readonly string[]): number[] {
  const found = words.flatMap((word) => [...word.matchAll(/\/(?:dev|proc\/self)\/fd\/(\d+)/g)]);
  return [...new Set(found.map(([, number]) => Number(number)))].filter((fd) => fd > 2);
}
