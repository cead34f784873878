#!/usr/bin/env node
/** anytun-controld: hands out the connections and routes of a file to every host of the cluster that connects. */
import { parseControldConfig } from "../cluster/controld-config.ts";
import { systemTcpServices } from "../config/services.ts";
import { errorText } from "../error-text.ts";
import { takeHandover } from "../host/handover.ts";
import { packageVersion } from "../version.ts";
import { parseArguments } from "./arguments.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.ts";
import type { Origin } from "./origin.ts";
import { controldOptions } from "./programs.ts";
import { toolUsageText, versionText } from "./usage.ts";

const PROGRAM = "anytun-controld";

const complain = (text: string): void => void process.stderr.write(`${PROGRAM}: ${text}\n`);

process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

void run(process.argv.slice(2)).then((status) => process.exit(status));

async function run(words: readonly string[]): Promise<number> {
  try {
    const handed = takeHandover(process.env);
    const origin = handed?.origin ?? newOrigin(words);
    const invocation = parseArguments(origin.words, controldOptions);
    if (invocation.action !== "run") {
      const isHelp = invocation.action === "help";
      process.stdout.write(
        isHelp ? toolUsageText(PROGRAM, controldOptions) : versionText(packageVersion(), process, PROGRAM),
      );
      return EXIT_OK;
    }
    const config = parseControldConfig(invocation.args, systemTcpServices, origin.cwd);
    if (handed === undefined && !config.foreground) {
      const { startInBackground } = await import("../host/background.ts");
      const program = [process.argv0, ...process.execArgv, process.argv[1] ?? ""];
      return await startInBackground({ origin, program, shownWords: words, environment: process.env, complain });
    }
    const { runControld } = await import("./run-controld.ts");
    const statusFd = handed?.role.type === "background" ? handed.role.statusFd : undefined;
    return await runControld({ config, complain, statusFd, launcher: origin.launcher });
  } catch (error) {
    complain(errorText(error));
    return EXIT_FAILURE;
  }
}

/** There are no secrets among these words. */
function newOrigin(words: readonly string[]): Origin {
  return {
    words,
    raw: [],
    maskProblem: undefined,
    secretVariables: {},
    cwd: process.cwd(),
    pipes: new Map(),
    launcher: process.pid,
  };
}
