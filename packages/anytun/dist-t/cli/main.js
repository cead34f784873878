#!/usr/bin/env node
/** The program: the only place that touches argv, the streams and the exit of the process. */
import { readFileSync, statSync } from "node:fs";
import { parseConfig } from "../config/parse.js";
import { systemServices } from "../config/services.js";
import { errorText } from "../error-text.js";
import { openLog } from "../log/targets.js";
import { parseArguments, secretWords } from "./arguments.js";
import { argumentBytes, splitCommandLine } from "./command-line.js";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.js";
import { fatal, supervise } from "./supervise.js";
import { usageText, versionText } from "./usage.js";
import { packageVersion } from "./version.js";

const complain = (text) => void process.stderr.write(`anytun: ${text}\n`);
// A caller that closed its end of a pipe has nothing to read; the tunnel goes on.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);
process.exit(await run(process.argv.slice(2)));
async function run(words) {
  try {
    const secrets = await maskSecrets(words);
    const invocation = parseArguments(words);
    switch (invocation.action) {
      case "help":
        process.stdout.write(usageText());
        return EXIT_OK;
      case "version":
        process.stdout.write(versionText(packageVersion(), process));
        return EXIT_OK;
      case "run":
        return await runDaemon(invocation.args, secrets);
    }
  } catch (error) {
    complain(errorText(error));
    return EXIT_FAILURE;
  }
}
/** Before anything slow: until here `ps` shows the secrets. */
async function maskSecrets(words) {
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
async function runDaemon(args, { raw, problem }) {
  const config = parseConfig(args, {
    uid: process.geteuid?.() ?? 0,
    cwd: process.cwd(),
    variables: process.env,
    services: systemServices,
    isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
    bytesOf: (arg) => argumentBytes(arg, raw),
  });
  const log = openLog(config.logTargets, process);
  if (!config.foreground) complain("running in the background is not available yet; staying in the foreground");
  if (problem !== undefined) log.warning(`secrets of the command line can be seen by other users: ${problem}`);
  endOnDefects(log);
  const status = await supervise({
    start: async (signal) => {
      // loaded only now, so that secrets are masked before and the other ways out are short
      const { startDaemon } = await import("../daemon/daemon.js");
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
function endOnDefects(log) {
  process.on("uncaughtException", (error) => {
    fatal(error, { log, complain });
    process.exit(EXIT_FAILURE);
  });
}
//# sourceMappingURL=main.js.map
