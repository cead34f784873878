/** `anytun --config-dir DIR`: every tunnel of DIR/autostart, each a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { readAutostart } from "../config/read-tunnel-files.ts";
import { quoted } from "../errors.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.ts";

/** What a foreground process gets, its tunnels get. */
const FORWARDED = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

export interface StartAll {
  readonly dir: string;
  /** Interpreter and script. */
  readonly program: readonly [string, ...string[]];
  /** The words as typed; the name goes behind those that name the directory. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly complain: (text: string) => void;
}

/**
 * In the background all are started one beside the other, and this returns when each is up or has failed; in the
 * foreground it returns when all have ended.
 * @returns 0 when every tunnel did what it should
 * @throws AnytunError `usage` when autostart cannot be read
 */
export async function startAll({ dir, program, words, environment, complain }: StartAll): Promise<number> {
  const { names, refused } = readAutostart(dir);
  const path = quoted(join(dir, "autostart"));
  for (const word of refused) complain(`${path}: ${quoted(word)} is not the name of a tunnel`);
  if (names.length === 0) complain(`${path} names no tunnel: nothing is started`);
  const [command, ...script] = program;
  const children = names.map((name) => {
    const child = spawn(command, [...script, ...withName(words, name)], { env: environment, stdio: "inherit" });
    const ended = endOf(child);
    void ended.then((status) => {
      if (status !== EXIT_OK) complain(`tunnel ${name}: ended with ${status}`);
    });
    return { child, ended };
  });
  const forward = (signal: NodeJS.Signals): void => {
    for (const { child } of children) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  const statuses = await Promise.all(children.map(({ ended }) => ended));
  for (const signal of FORWARDED) process.off(signal, forward);
  return refused.length === 0 && statuses.every((status) => status === EXIT_OK) ? EXIT_OK : EXIT_FAILURE;
}

/** `--config-dir DIR` and `--config-dir=DIR` become those of one tunnel. */
export function withName(words: readonly string[], name: string): string[] {
  const at = words.findIndex((word) => word === "--config-dir" || word.startsWith("--config-dir="));
  const end = at + (words[at] === "--config-dir" ? 2 : 1);
  return [...words.slice(0, end), name, ...words.slice(end)];
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (status, signal) => resolve(signal ?? status ?? EXIT_FAILURE));
  });
}
