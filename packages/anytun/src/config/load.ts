/**
 * A whole invocation → `Config`: the command line, and the tunnel of a configuration directory where it names one. Asked
 * again at a reload, it sees what the files say by then.
 */
import type { RunInvocation } from "../cli/arguments.ts";
import { UsageError } from "../errors.ts";
import { requireClient } from "./clients.ts";
import type { Config } from "./config.ts";
import { type ParseEnvironment, parseConfig } from "./parse.ts";
import { type TunnelFiles, tunnelArguments } from "./tunnel-dir.ts";

export interface LoadEnvironment extends ParseEnvironment {
  /** @throws AnytunError `usage` with the path */
  readTunnelFiles(configDir: string, name: string): TunnelFiles;
}

/** @throws AnytunError `usage` for the first thing that cannot be used, with file and line where it stands in one */
export function loadConfig({ args, tunnel }: RunInvocation, environment: LoadEnvironment): Config {
  if (tunnel === undefined) return parseConfig(args, environment);
  const { dir, name } = tunnel;
  // whoever names none is another process, which starts one for each
  if (name === undefined) throw new UsageError("--config-dir", dir, "expected the name of a tunnel behind it");
  const found = tunnelArguments(args, tunnel, environment.readTunnelFiles(dir, name));
  if (found.clients?.length === 0) requireClient(found.notes);
  const config = parseConfig(found.args, environment, found.clients);
  return { ...config, name, notes: [...found.notes, ...config.notes] };
}
