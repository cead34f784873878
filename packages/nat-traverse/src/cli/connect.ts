/** From a configuration to the status of the process: opens the hole and does with it what was asked. */
import { constants } from "node:os";
import { errorText as systemText, TunNativeError } from "tun-native";
import { becomeCommand, redirect } from "../command/become-command.ts";
import type { CommandWords } from "../command/command-text.ts";
import { HoleTimeout, NatTraverseError } from "../errors.ts";
import { openHole } from "../hole/open-hole.ts";
import type { Hole } from "../hole-types.ts";
import type { Progress } from "../progress/progress.ts";
import type { RelayEnd } from "../relay/relay.ts";
import { type RelayResult, runRelay } from "../relay/run-relay.ts";
import { resolvePeer } from "../resolve.ts";
import { chooseProgress } from "./choose-progress.ts";
import type { Config } from "./config.ts";
import * as status from "./exit-status.ts";
import { inheritedIgnored } from "./inherited-signals.ts";

/** The status of the process; does not return when a command takes its place. */
export async function connect(config: Config, encoding: "utf8" | "latin1"): Promise<number> {
  const progress = chooseProgress(config, encoding);
  progress.tell({ event: "creating" });
  let hole: Hole;
  try {
    hole = await open(config, progress);
  } catch (error) {
    return failedToOpen(error, progress);
  }
  if (config.quitAfterConnect) return quit(hole, progress);
  if (config.command !== undefined) return hand(hole, config.command, progress);
  return relay(hole, config, progress);
}

async function open(config: Config, progress: Progress): Promise<Hole> {
  const { spec, window, timeout, spray, lowPorts, shortTtl } = config;
  return openHole({
    localPort: spec.localPort,
    peerAddresses: await resolvePeer(spec.peer),
    peerPort: spec.remotePort,
    purpose: config.quitAfterConnect ? "quit" : config.command === undefined ? "relay" : "command",
    window,
    timeout,
    spray,
    shortTtl,
    ...(lowPorts === undefined ? {} : { lowPorts }),
    onEvent: (event) => progress.tell(event),
  });
}

function failedToOpen(error: unknown, progress: Progress): number {
  if (error instanceof HoleTimeout) {
    const failed = {
      event: "failed",
      text: " timeout.",
      status: status.EXIT_TIMEOUT,
      diagnosis: error.diagnosis,
    } as const;
    progress.tell(failed);
    return failed.status;
  }
  const failed = {
    event: "failed",
    text: `Couldn't create socket: ${reasonOf(error)}`,
    status: statusOf(error),
  } as const;
  progress.tell(failed);
  return failed.status;
}

async function quit(hole: Hole, progress: Progress): Promise<number> {
  await hole.settled();
  hole.close();
  progress.tell({ event: "quit" });
  return status.EXIT_OK;
}

async function hand(
  hole: Hole,
  { text, words }: { readonly text: string; readonly words: CommandWords },
  progress: Progress,
): Promise<number> {
  await hole.settled();
  const descriptor = hole.detach();
  progress.tell({ event: "redirecting" });
  redirect(descriptor);
  progress.tell({ event: "redirected" });
  progress.tell({ event: "executing", command: text });
  const error = becomeCommand(words, inheritedIgnored());
  const failed = {
    event: "failed",
    text: `Couldn't exec() "${text}": ${reasonOf(error)}`,
    status: statusOf(error),
  } as const;
  progress.tell(failed);
  return failed.status;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function relay(hole: Hole, config: Config, progress: Progress): Promise<number> {
  // A command reads everything that comes behind the first data, so that must be data, too.
  if (hole.peerPurpose === "command") await hole.settled();
  const running = runRelay({
    hole,
    input: process.stdin,
    output: 1,
    stays: config.stays,
    keepaliveSeconds: config.keepaliveSeconds,
    bytesPerSecond: config.bytesPerSecond,
  });
  for (const signal of SIGNALS) {
    if (inheritedIgnored().includes(constants.signals[signal])) continue;
    process.once(signal, () => {
      running.stop();
      // dies of it, as a program that does not catch it
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  }
  progress.tell({ event: "relaying" });
  const result = await running.result;
  if (result.is === "ended" && ENDS[result.end].status === status.EXIT_OK) {
    progress.tell({ event: "relayed", end: result.end, counters: running.counters });
    return status.EXIT_OK;
  }
  const failed = { event: "failed", ...failureOf(result) } as const;
  progress.tell(failed);
  return failed.status;
}

const ENDS: Readonly<Record<RelayEnd, { readonly status: number; readonly text: string }>> = {
  "input-ended": { status: status.EXIT_OK, text: "" },
  done: { status: status.EXIT_OK, text: "" },
  "peer-stopped": { status: status.EXIT_PEER_STOPPED, text: "Couldn't read from socket: the peer was stopped" },
  "peer-silent": { status: status.EXIT_PEER_SILENT, text: "Couldn't read from socket: the peer went silent" },
  refused: { status: status.EXIT_REFUSED, text: "Couldn't write to socket: Connection refused" },
  unreachable: { status: status.EXIT_UNREACHABLE, text: "Couldn't write to socket: Network is unreachable" },
};

function failureOf(result: RelayResult): { status: number; text: string } {
  if (result.is === "ended") return ENDS[result.end];
  const { on, error } = result;
  const reason = reasonOf(error);
  if (on === "output") {
    const isPipe = "code" in error && error.code === "EPIPE";
    return {
      text: `Couldn't write to STDOUT: ${reason}`,
      status: isPipe ? status.EXIT_BROKEN_PIPE : statusOf(error),
    };
  }
  const from = on === "input" ? "STDIN" : "socket";
  return { text: `Couldn't read from ${from}: ${reason}`, status: statusOf(error) };
}

/** What strerror(3) says, or the message of an error that is not the system's. */
function reasonOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno !== undefined) return systemText(errno);
  return error instanceof Error ? error.message : String(error);
}

function statusOf(error: unknown): number {
  if (error instanceof NatTraverseError && error.code === "name") return status.EXIT_NAME;
  return errnoOf(error) ?? status.EXIT_FAILURE;
}

function errnoOf(error: unknown): number | undefined {
  if (error instanceof NatTraverseError) return error.code === "socket" ? errnoOf(error.cause) : undefined;
  if (error instanceof TunNativeError) return error.errno > 0 ? error.errno : undefined;
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return undefined;
  return Math.abs(error.errno);
}
