#!/usr/bin/env node
/** anytun-config: prints the connection and the routes of one client, for the table of anytun-controld. */
import { readFileSync, writeSync } from "node:fs";
import { clientEntryText, findClient, parseClientEntry } from "../cluster/client-entry.ts";
import { readCredential, readSecretFile } from "../config/secret-file.ts";
import { systemServices } from "../config/services.ts";
import { systemLookup } from "../daemon/resolver.ts";
import { errorText } from "../error-text.ts";
import { parseLogTargets } from "../log/target-spec.ts";
import { packageVersion } from "../version.ts";
import { parseArguments } from "./arguments.ts";
import { argumentBytes } from "./command-line.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.ts";
import { maskSecrets } from "./mask-secrets.ts";
import { configOptions } from "./programs.ts";
import { takeSecretVariables } from "./secret-variables.ts";
import { toolUsageText, versionText } from "./usage.ts";

const PROGRAM = "anytun-config";

void run(process.argv.slice(2)).then((status) => process.exit(status));

async function run(words: readonly string[]): Promise<number> {
  try {
    writeWhole(await answer(words));
    return EXIT_OK;
  } catch (error) {
    process.stderr.write(`${PROGRAM}: ${errorText(error)}\n`);
    return EXIT_FAILURE;
  }
}

/** All that goes to stdout: nothing before everything is valid, for it is appended to a table that others read. */
async function answer(words: readonly string[]): Promise<string> {
  const { raw } = await maskSecrets(words, configOptions);
  const secretVariables = takeSecretVariables(process.env, () => readFileSync("/proc/self/environ"));
  const invocation = parseArguments(words, configOptions);
  if (invocation.action !== "run") {
    const isHelp = invocation.action === "help";
    return isHelp ? toolUsageText(PROGRAM, configOptions) : versionText(packageVersion(), process, PROGRAM);
  }
  parseLogTargets(
    invocation.args.filter(({ name }) => name === "log").map(({ typed: option, value }) => ({ option, value })),
  );
  const entry = parseClientEntry(invocation.args, {
    services: systemServices,
    bytesOf: (arg) => argumentBytes(arg, raw),
    secretVariables,
    readSecretFile,
    readCredential: (name) => readCredential(process.env["CREDENTIALS_DIRECTORY"], name),
  });
  return clientEntryText(entry, await findClient(entry, systemLookup));
}

/** @throws Error of the system: a full disk must not look like success */
function writeWhole(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
