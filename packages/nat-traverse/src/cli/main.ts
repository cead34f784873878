#!/usr/bin/env node
/** The program: the only place that touches argv, the streams and the exit of the process. */
import { NatTraverseError } from "../errors.ts";
import { parseArguments } from "./arguments.ts";
import { makeConfig } from "./config.ts";
import { EXIT_OK, EXIT_USAGE } from "./exit-status.ts";
import { writeError } from "./standard-error.ts";
import { usageText } from "./usage.ts";
import { packageVersion } from "./version.ts";

process.exit(await run(process.argv.slice(2)));

async function run(typed: readonly string[]): Promise<number> {
  await ignoreSignals();
  // words that are not UTF-8 go through byte by byte
  const encoding = typed.some((word) => word.includes("\ufffd")) ? "latin1" : "utf8";
  const line = encoding === "utf8" ? typed : await wordsAsBytes(typed);
  const invocation = parseArguments(line, process.env["POSIXLY_CORRECT"] !== undefined);
  for (const mistake of invocation.mistakes) writeError(`${mistake}\n`, encoding);
  switch (invocation.action) {
    case "help":
      writeError(usageText(packageVersion()), "utf8");
      return EXIT_OK;
    case "version":
      process.stdout.write(`nat-traverse ${packageVersion()}\n`);
      return EXIT_OK;
    case "run":
      if (invocation.mistakes.length > 0) return EXIT_USAGE;
      if (line.length === 0) {
        writeError(usageText(packageVersion()), "utf8");
        return EXIT_USAGE;
      }
  }
  try {
    const config = makeConfig(invocation, encoding);
    // loaded only now: the other ways out are short
    const { connect } = await import("./connect.ts");
    return await connect(config, encoding);
  } catch (error) {
    if (!(error instanceof NatTraverseError)) throw error;
    writeError(`nat-traverse: ${error.message}\n`, encoding);
    return EXIT_USAGE;
  }
}

async function wordsAsBytes(typed: readonly string[]): Promise<string[]> {
  const { wordsAsTyped } = await import("../command/words-as-typed.ts");
  return wordsAsTyped(typed.length).map((bytes) => bytes.toString("latin1"));
}

/** Those that the first lines of the program found ignored; not for the command. */
async function ignoreSignals(): Promise<void> {
  const mask = process.env["NAT_TRAVERSE_SIGIGN"] ?? "";
  delete process.env["NAT_TRAVERSE_SIGIGN"];
  if (/^0*$/.test(mask)) return;
  const { ignoreInherited } = await import("./inherited-signals.ts");
  ignoreInherited(mask);
}
