/**
 * A program of the administrator: that of -x, or that of --announce-script. Its output goes to the log, its time is bounded and
 * it does not outlive the daemon. What it leaves running on purpose is its own affair.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { constants } from "node:os";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { errorReason } from "../error-text.ts";
import type { Logger } from "../log/logger.ts";

export interface ScriptOptions {
  /** What the log calls it. */
  readonly kind: "post-up" | "announce";
  readonly script: string;
  readonly args: readonly string[];
  readonly log: Logger;
  /** After so long the script is told to end. */
  readonly timeoutMs?: number;
  /** After SIGTERM and so long again it is killed. */
  readonly graceMs?: number;
}

export interface RunningScript {
  /** Its status once it has ended, undefined when it did not start or was killed; never rejects. */
  readonly ended: Promise<number | undefined>;
  /** Ends a script that still runs. Idempotent. */
  close(): Promise<unknown>;
}

/** Not the daemon's own: what the script finds must not depend on who started the daemon. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_GRACE_MS = 5_000;
/** Bounds of what one script may write into the log. */
const MAX_LOG_LINES = 1_000;
const MAX_LINE_LENGTH = 1_024;

export function startScript(options: ScriptOptions): RunningScript {
  const { kind, script, args, log, timeoutMs = DEFAULT_TIMEOUT_MS, graceMs = DEFAULT_GRACE_MS } = options;
  log.notice(`executing ${kind} script '${script}'`);
  // an absolute path: a bare name is a file here, never a search in PATH
  const file = resolve(script);
  if (!hasExecutableFormat(file)) {
    log.error(`script '${script}' exec() error: Exec format error`);
    const ended = Promise.resolve(undefined);
    return { ended, close: () => ended };
  }
  // a process group of its own, so that ending the script ends what it waits for
  const child = spawn(file, args, {
    env: { PATH },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  logOutput(child, script, log);

  let killTimer: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (killTimer !== undefined) return;
    signalGroup(child, "SIGTERM");
    killTimer = setTimeout(() => signalGroup(child, "SIGKILL"), graceMs);
  };
  const timer = setTimeout(() => {
    log.warning(`script '${script}' still runs after ${timeoutMs / 1000} sec., terminating it`);
    end();
  }, timeoutMs);
  let running = true;
  const ended = new Promise<number | undefined>((done) => {
    const finish = (status: number | undefined): void => {
      running = false;
      clearTimeout(timer);
      clearTimeout(killTimer);
      done(status);
    };
    child.once("error", (error) => {
      if (child.pid === undefined) log.error(`script '${script}' exec() error: ${errorReason(error)}`);
      finish(undefined);
    });
    child.once("exit", (status, signal) => {
      if (signal === null) log.notice(`script '${script}' returned ${status}`);
      else log.notice(`script '${script}' terminated after signal ${constants.signals[signal]}`);
      finish(status ?? undefined);
    });
  });
  return {
    ended,
    close: () => {
      if (running) end();
      return ended;
    },
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // it ended by itself in the meantime
  }
}

/** Lines of both streams, as they come. The pipes do not keep the daemon alive: a program left running may hold them. */
function logOutput(child: ChildProcess, script: string, log: Logger): void {
  let lines = 0;
  const take = (line: string): void => {
    lines++;
    if (lines <= MAX_LOG_LINES) log.info(`script '${script}': ${line.slice(0, MAX_LINE_LENGTH)}`);
    else if (lines === MAX_LOG_LINES + 1)
      log.warning(`script '${script}' wrote ${MAX_LOG_LINES} lines, ignoring the rest`);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", take);
    unref(stream);
  }
}

function unref(stream: Readable): void {
  if ("unref" in stream && typeof stream.unref === "function") stream.unref();
}

/**
 * False for a text without `#!`. The C library behind spawn would give it to a shell; run by root, a file whose
 * interpreter nobody named is an error, as it is for the kernel. Anything unreadable is left to exec's own answer.
 */
function hasExecutableFormat(file: string): boolean {
  const head = Buffer.alloc(64);
  try {
    const fd = openSync(file, "r");
    try {
      const length = readSync(fd, head);
      return head.toString("latin1", 0, 2) === "#!" || head.subarray(0, length).includes(0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return true;
  }
}
