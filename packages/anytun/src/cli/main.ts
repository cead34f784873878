#!/usr/bin/env node
/** The program: the only place that touches argv, the streams and the exit of the process. */
import { readFileSync } from "node:fs";
import { maskArguments, setProcessName } from "tun-native";
import { errorText } from "../error-text.ts";
import { startInBackground } from "../host/background.ts";
import { type Role, takeHandover } from "../host/handover.ts";
import { parseArguments, type RunInvocation, secretWords } from "./arguments.ts";
import { splitCommandLine } from "./command-line.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.ts";
import type { Origin } from "./origin.ts";
import { takeSecretVariables } from "./secret-variables.ts";

/** As the original's, so that `pgrep` and `killall` find it. */
const PROCESS_NAME = "anytun";

const SIDE_COMMANDS = ["genkey", "install-units", "drain", "status"] as const;
type SideCommand = (typeof SIDE_COMMANDS)[number];
const isSideCommand = (word: string): word is SideCommand => SIDE_COMMANDS.some((command) => command === word);

const complain = (text: string): void => void listener(process.stderr).write(`anytun: ${text}\n`);

void run(process.argv.slice(2)).then((status) => process.exit(status));

async function run(words: readonly string[]): Promise<number> {
  try {
    const handed = takeHandover(process.env);
    if (handed?.role.type === "reader") return (await import("./print-config.ts")).printConfig(handed.origin);
    if (handed !== undefined) return await becomeDaemon(handed.origin, handed.role);
    const masked = maskSecrets(words);
    const secretVariables = takeSecretVariables(process.env, () => readFileSync("/proc/self/environ"));
    const [command = ""] = words;
    if (isSideCommand(command)) return await runSideCommand(command, words.slice(1));
    const invocation = parseArguments(words);
    if (invocation.action !== "run") return await show(invocation.action);
    return await start(invocation, {
      ...masked,
      words,
      secretVariables,
      cwd: process.cwd(),
      pipes: new Map(),
      launcher: process.pid,
    });
  } catch (error) {
    complain(errorText(error));
    return EXIT_FAILURE;
  }
}

/** What the first word asks for instead of a tunnel. */
async function runSideCommand(command: SideCommand, words: readonly string[]): Promise<number> {
  const side = await import("./side-commands.ts");
  listener(process.stdout);
  switch (command) {
    case "genkey":
      side.genkey(words, complain);
      return EXIT_OK;
    case "install-units":
      side.installUnits(words, { node: process.execPath, folder: side.packageFolder() }, complain);
      return EXIT_OK;
    case "drain":
      return side.drain(words, complain);
    case "status":
      return side.status(words, complain);
  }
}

async function show(what: "help" | "version"): Promise<number> {
  const { packageVersion, usageText, versionText } = await import("./side-commands.ts");
  listener(process.stdout).write(what === "help" ? usageText() : versionText(packageVersion(), process));
  return EXIT_OK;
}

/**
 * A caller that closed its end of a pipe has nothing to read; the tunnel goes on. Streams are made when they are used: that
 * takes 10 ms of a start.
 */
function listener(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (stream.listenerCount("error") === 0) stream.on("error", () => undefined);
  return stream;
}

/** Either here or in the background; the way there loads nothing that only the daemon needs. */
async function start(invocation: RunInvocation, origin: Origin): Promise<number> {
  const { tunnel } = invocation;
  if (tunnel !== undefined && tunnel.name === undefined) {
    const { startAll } = await import("./side-commands.ts");
    const program = [process.execPath, ...programWords().slice(1)] as const;
    return startAll({ dir: tunnel.dir, program, words: origin.words, environment: process.env, complain });
  }
  if (await staysInForeground(invocation, origin)) {
    return becomeDaemon(origin);
  }
  const secrets = new Set(secretWords(origin.words));
  return startInBackground({
    origin,
    program: programWords(),
    shownWords: origin.words.map((word, i) => (secrets.has(i) ? "#".repeat(Buffer.byteLength(word)) : word)),
    environment: process.env,
    complain,
  });
}

/** The longest part of a start is the data plane's thread: it begins before anything is read. */
async function becomeDaemon(origin: Origin, role?: Role): Promise<number> {
  // threads are called like the one that starts them
  setProcessName(PROCESS_NAME);
  const { DataPlaneThread } = await import("../data-plane/thread.ts");
  const plane = DataPlaneThread.launch();
  const { runDaemon } = await import("./run-daemon.ts");
  return runDaemon(origin, complain, plane, role);
}

/** Files of a configuration directory may say so too. */
async function staysInForeground({ args, tunnel }: RunInvocation, origin: Origin): Promise<boolean> {
  if (args.some(({ name }) => name === "nodaemonize" || name === "debug")) return true;
  return tunnel !== undefined && (await import("./side-commands.ts")).readConfig(origin).foreground;
}

/** The words before those of the user: interpreter, its options, script. */
function programWords(): string[] {
  return [process.argv0, ...process.execArgv, process.argv[1] ?? ""];
}

/** Before anything slow: until here `ps` shows the secrets. */
function maskSecrets(words: readonly string[]): Pick<Origin, "raw" | "maskProblem"> {
  const secrets = secretWords(words);
  if (secrets.length === 0) return { raw: [], maskProblem: undefined };
  try {
    const all = splitCommandLine(readFileSync("/proc/self/cmdline"));
    const first = all.length - words.length;
    maskArguments(secrets.map((index) => first + index));
    return { raw: all.slice(first), maskProblem: undefined };
  } catch (error) {
    return { raw: [], maskProblem: errorText(error) };
  }
}
