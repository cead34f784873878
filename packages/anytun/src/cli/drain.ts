/** `anytun drain`: tells a running daemon to let others take over, and waits until it has ended. */
import { parseArgs } from "node:util";
import { runDirs } from "../config/status-socket.ts";
import { systemClock } from "../daemon/clock.ts";
import { quoted, UsageError } from "../errors.ts";
import { askDaemon } from "../status/ask-daemon.ts";
import { askNamed } from "../status/ask-daemons.ts";
import { DRAIN_SECONDS, PROTOCOL_VERSION, type StatusRequest } from "../status/protocol.ts";
import { EXIT_OK } from "./exit-status.ts";
import { isRunning } from "./is-running.ts";
import { EXIT_UNAVAILABLE, failureOf } from "./status/failure.ts";

const USAGE = `USAGE:
anytun drain <name>
   [-h|--help]                         show this list and end
   <name>                              of a tunnel or its interface, or the path of its status socket
   [--quiet] <seconds>                 end after so long without a packet from a peer (default: 5)
   [--timeout] <seconds>               end after so long in any case (default: 60)
exit status: 0 the daemon has ended, 1 it did not, 3 no such daemon, 255 bad options
`;

const QUIET_SECONDS = 5;
const TIMEOUT_SECONDS = 60;
const LOOK_MS = 200;
/** Beyond its own bound: scripts, and what the end of a daemon may take. */
const PATIENCE_MS = 20_000;

interface DrainCommand {
  readonly name: string;
  readonly quietSeconds: number;
  readonly timeoutSeconds: number;
}

/**
 * @param words behind `drain`
 * @returns the exit status
 * @throws UsageError
 */
export async function drain(words: readonly string[], complain: (text: string) => void): Promise<number> {
  const command = parseDrainCommand(words);
  if (command === "help") {
    process.stdout.write(USAGE);
    return EXIT_OK;
  }
  const { name, quietSeconds, timeoutSeconds } = command;
  const found = await askNamed(name, runDirs({ uid: process.geteuid?.() ?? 0, variables: process.env }), 0);
  const failure = failureOf("drain", name, found, complain);
  const path = [...found].find(([, answer]) => "daemon" in answer)?.[0];
  if (failure !== undefined || path === undefined) return failure ?? EXIT_UNAVAILABLE;
  const wish: StatusRequest = {
    version: PROTOCOL_VERSION,
    peers: 0,
    drain: { quiet_seconds: quietSeconds, timeout_seconds: timeoutSeconds },
  };
  const answer = await askDaemon(path, wish);
  if (!("daemon" in answer)) return failureOf("drain", name, new Map([[path, answer]]), complain) ?? EXIT_UNAVAILABLE;
  if (await hasEnded(answer.daemon.pid, timeoutSeconds * 1000 + PATIENCE_MS)) return EXIT_OK;
  complain(`drain ${quoted(name)}: process ${answer.daemon.pid} still runs`);
  return EXIT_UNAVAILABLE;
}

async function hasEnded(pid: number, patienceMs: number): Promise<boolean> {
  const end = systemClock.now() + patienceMs;
  const never = new AbortController();
  while (isRunning(pid)) {
    if (systemClock.now() > end) return false;
    await systemClock.sleep(LOOK_MS, never.signal);
  }
  return true;
}

/** @throws UsageError */
export function parseDrainCommand(words: readonly string[]): DrainCommand | "help" {
  const { tokens } = parseArgs({
    args: [...words],
    options: { help: { type: "boolean", short: "h" }, quiet: { type: "string" }, timeout: { type: "string" } },
    // what does not fit is told below, in our own words
    strict: false,
    tokens: true,
  });
  let name: string | undefined;
  let quietSeconds = QUIET_SECONDS;
  let timeoutSeconds = TIMEOUT_SECONDS;
  for (const token of tokens) {
    if (token.kind !== "option") {
      const word = token.kind === "positional" ? token.value : "--";
      if (token.kind !== "positional" || name !== undefined || word === "") {
        throw new UsageError(`drain ${quoted(word)}`, undefined, "unexpected word; expected the name of one tunnel");
      }
      name = word;
      continue;
    }
    const option = `drain ${quoted(token.rawName)}`;
    if (token.name === "quiet") quietSeconds = parseSeconds(option, token.value);
    else if (token.name === "timeout") timeoutSeconds = parseSeconds(option, token.value);
    else if (token.name === "help" && token.value === undefined) return "help";
    else throw new UsageError(option, undefined, "unknown option; options are --quiet, --timeout and -h");
  }
  if (name === undefined) throw new UsageError("drain", undefined, "expected the name of a tunnel");
  return { name, quietSeconds, timeoutSeconds };
}

function parseSeconds(option: string, value: string | undefined): number {
  if (value === undefined) throw new UsageError(option, undefined, "a value is missing");
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (seconds <= DRAIN_SECONDS.most) return seconds;
  throw new UsageError(option, value, `expected a number of seconds up to ${DRAIN_SECONDS.most}`);
}
