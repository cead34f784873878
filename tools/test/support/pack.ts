/** Packages of this repository as somebody gets them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { findProgram, run } from "../../src/lab/index.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The pinned pnpm: on PATH under `npm test`, from npx's cache otherwise. */
export const pnpm: readonly [string, ...string[]] =
  findProgram("pnpm") === undefined
    ? [
        "npx",
        "--yes",
        "--allow-scripts=pnpm",
        JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager,
      ]
    : ["pnpm"];

/** Runs a command that has to succeed. @returns what it printed */
export async function must(cwd: string, command: readonly [string, ...string[]], ...args: string[]): Promise<string> {
  const [program, ...first] = command;
  // Settings of the npm that runs this test must not reach the one that is tried.
  const inherited = Object.keys(process.env).filter((name) => /^(npm|pnpm)_(config|package)_/i.test(name));
  const env = Object.fromEntries(inherited.map((name) => [name, undefined]));
  const result = await run(program, [...first, ...args], { cwd, env, timeout: 100_000 });
  expect(result.status, `${[program, ...first, ...args].join(" ")}\n${result.stdout}${result.stderr}`).toBe(0);
  return result.stdout;
}

/** @param folder of `packages` */
export async function pack(folder: string, tarball: string): Promise<void> {
  await must(join(root, "packages", folder), pnpm, "pack", "--out", tarball);
}
