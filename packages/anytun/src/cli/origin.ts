/** Where a configuration comes from: the words of the process and what goes with them. Read again at each reload. */
import { statSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { readTunnelFiles } from "../config/read-tunnel-files.ts";
import { readCredential, readSecretFile } from "../config/secret-file.ts";
import type { SecretVariables } from "../config/secrets.ts";
import { systemServices } from "../config/services.ts";
import { parseArguments } from "./arguments.ts";
import { argumentBytes } from "./command-line.ts";

export interface Origin {
  /** The command line behind the script's name. */
  readonly words: readonly string[];
  /** The same as bytes; empty when there are no secrets in it. */
  readonly raw: readonly Uint8Array[];
  /** Why the secrets in it can be seen by others; undefined when they cannot. */
  readonly maskProblem: string | undefined;
  readonly secretVariables: SecretVariables;
  /** Working directory at the start. */
  readonly cwd: string;
  /** What was in files that can be read only once, by path. */
  readonly pipes: Map<string, Uint8Array>;
  /** Process id that the service manager knows: of the first process. */
  readonly launcher: number;
}

/**
 * Reads everything that the words name; relative paths begin at the working directory of the process.
 * @throws AnytunError `usage`
 */
export function readConfig({ words, raw, secretVariables, cwd, pipes }: Origin): Config {
  const invocation = parseArguments(words);
  if (invocation.action !== "run") throw new Error("no configuration");
  return loadConfig(invocation, {
    uid: process.geteuid?.() ?? 0,
    cwd,
    variables: process.env,
    services: systemServices,
    isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
    bytesOf: (arg) => argumentBytes(arg, raw),
    secretVariables,
    readSecretFile: (option, path) => pipes.get(path) ?? remembered(pipes, path, readSecretFile(option, path)),
    readTunnelFiles,
    readCredential: (name) => readCredential(process.env["CREDENTIALS_DIRECTORY"], name),
  });
}

/** A descriptor that the caller handed over is at its end when it was read. */
function remembered(pipes: Map<string, Uint8Array>, path: string, content: Uint8Array): Uint8Array {
  if (/^\/(?:dev\/(?:fd\/|stdin$)|proc\/self\/fd\/)/.test(path)) pipes.set(path, content);
  return content;
}
