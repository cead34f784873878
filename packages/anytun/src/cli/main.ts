#!/usr/bin/env node
/** The program: the only place that touches argv, the streams and the exit of the process. */
import { readFileSync, statSync } from "node:fs";
import { parseConfig } from "../config/parse.ts";
import { readCredential, readSecretFile } from "../config/secret-file.ts";
import type { SecretVariables } from "../config/secrets.ts";
import { systemServices } from "../config/services.ts";
import { errorText } from "../error-text.ts";
import type { OpenLog } from "../log/logger.ts";
import { openLog } from "../log/targets.ts";
import { type Argument, parseArguments, secretWords } from "./arguments.ts";
import { argumentBytes, splitCommandLine } from "./command-line.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.ts";
import { genkey } from "./genkey.ts";
import { takeSecretVariables } from "./secret-variables.ts";
import { fatal, supervise } from "./supervise.ts";
import { usageText, versionText } from "./usage.ts";
import { packageVersion } from "./version.ts";

const SYSLOG_SOCKET = "/dev/log";

const complain = (text: string): void => void process.stderr.write(`anytun: ${text}\n`);

// A caller that closed its end of a pipe has nothing to read; the tunnel goes on.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

process.exit(await run(process.argv.slice(2)));

async function run(words: readonly string[]): Promise<number> {
  try {
    const secrets = await maskSecrets(words);
    const variables = takeSecretVariables(process.env, () => readFileSync("/proc/self/environ"));
    if (words[0] === "genkey") {
      genkey(words.slice(1), complain);
      return EXIT_OK;
    }
    const invocation = parseArguments(words);
    switch (invocation.action) {
      case "help":
        process.stdout.write(usageText());
        return EXIT_OK;
      case "version":
        process.stdout.write(versionText(packageVersion(), process));
        return EXIT_OK;
      case "run":
        return await runDaemon(invocation.args, secrets, variables);
    }
  } catch (error) {
    complain(errorText(error));
    return EXIT_FAILURE;
  }
}

interface MaskedSecrets {
  /** The words as typed. */
  readonly raw: readonly Uint8Array[];
  /** Why they can still be seen; undefined when they cannot. */
  readonly problem: string | undefined;
}

/** Before anything slow: until here `ps` shows the secrets. */
async function maskSecrets(words: readonly string[]): Promise<MaskedSecrets> {
  const secrets = secretWords(words);
  if (secrets.length === 0) return { raw: [], problem: undefined };
  try {
    const all = splitCommandLine(readFileSync("/proc/self/cmdline"));
    const first = all.length - words.length;
    const { maskArguments } = await import("tun-native");
    maskArguments(secrets.map((index) => first + index));
    return { raw: all.slice(first), problem: undefined };
  } catch (error) {
    return { raw: [], problem: errorText(error) };
  }
}

async function runDaemon(
  args: readonly Argument[],
  { raw, problem }: MaskedSecrets,
  secretVariables: SecretVariables,
): Promise<number> {
  const config = parseConfig(args, {
    uid: process.geteuid?.() ?? 0,
    cwd: process.cwd(),
    variables: process.env,
    services: systemServices,
    isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
    bytesOf: (arg) => argumentBytes(arg, raw),
    secretVariables,
    readSecretFile,
    readCredential: (name) => readCredential(process.env["CREDENTIALS_DIRECTORY"], name),
  });
  // loaded only now, so that secrets are masked before and the other ways out are short
  const { UnixDatagram } = await import("tun-native");
  const log = openLog(config.logTargets, {
    stdout: process.stdout,
    stderr: process.stderr,
    format: config.logFormat,
    pid: process.pid,
    connectSyslog: () => UnixDatagram.open(SYSLOG_SOCKET),
    complain,
  });
  if (!config.foreground) complain("running in the background is not available yet; staying in the foreground");
  if (problem !== undefined) log.warning(`secrets of the command line can be seen by other users: ${problem}`);
  endOnDefects(log);
  const status = await supervise({
    start: async (signal) => {
      const { startDaemon } = await import("../daemon/daemon.ts");
      return startDaemon(config, log, signal);
    },
    log,
    signals: process,
    complain,
  });
  log.close();
  return status;
}

/** What nobody caught is a defect of the program; it ends like any other fatal error. */
function endOnDefects(log: OpenLog): void {
  process.on("uncaughtException", (error) => {
    fatal(error, { log, complain });
    log.close();
    process.exit(EXIT_FAILURE);
  });
}
