/** The configuration as of now, read for a daemon in a jail: the only thing that this process is there for. */
import { existsSync, writeSync } from "node:fs";
import { serialize } from "node:v8";
import type { Config } from "../config/config.ts";
import { errorText } from "../error-text.ts";
import { EXIT_OK } from "./exit-status.ts";
import { type Origin, readConfig } from "./origin.ts";

/** What goes to the daemon. */
export type PrintedConfig = { readonly config: Config } | { readonly problem: string };

export function printConfig(origin: Origin): number {
  const bytes = serialize(printed(origin));
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  return EXIT_OK;
}

function printed(origin: Origin): PrintedConfig {
  try {
    if (existsSync(origin.cwd)) process.chdir(origin.cwd);
    return { config: readConfig(origin) };
  } catch (error) {
    return { problem: errorText(error) };
  }
}
