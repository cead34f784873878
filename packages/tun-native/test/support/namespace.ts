/** Runs a piece of a test in a network namespace of its own, which vanishes with the child process. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll } from "vitest";

/** What the piece gets: it runs in another process, so it must not refer to anything outside itself. */
export interface NamespaceTools {
  readonly tun: typeof import("../../src/index.ts");
  /** Fails the piece unless both are deeply equal. */
  same(actual: unknown, expected: unknown): void;
  /** Runs a program and returns its output. */
  run(command: string, ...args: string[]): string;
  /** The error that a function throws, as plain data. */
  failure(action: () => unknown): {
    code?: unknown;
    message: string;
    errno?: unknown;
    syscall?: unknown;
    object?: unknown;
  };
  readonly Worker: typeof import("node:worker_threads").Worker;
  /** Number of entries of a folder, such as /proc/self/fd. */
  entries(folder: string): number;
  /** Keeps the kernel from sending IPv6 of its own accord on interfaces that are made later. */
  silence(): void;
  /** Resolves after some milliseconds. */
  sleep(ms: number): Promise<void>;
}

const PRELUDE = `
  import assert from "node:assert/strict";
  import { execFileSync } from "node:child_process";
  import { readdirSync, writeFileSync, writeSync } from "node:fs";
  import { Worker } from "node:worker_threads";
  const tun = await import(process.env.TUN_LIBRARY);
  const tools = {
    tun, Worker,
    same: assert.deepEqual,
    entries: (folder) => readdirSync(folder).length,
    run: (command, ...args) => execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
    failure: (action) => {
      try { action(); } catch ({ code, message, errno, syscall, object }) { return { code, message, errno, syscall, object }; }
      throw new Error("nothing was thrown");
    },
    silence: () => writeFileSync("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
  tools.run("ip", "link", "set", "lo", "up");
`;

const folder = mkdtempSync(join(tmpdir(), "tun-native-test-"));
const library = build({
  entryPoints: [fileURLToPath(new URL("../../src/index.ts", import.meta.url))],
  outfile: join(folder, "tun-native.mjs"),
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  logLevel: "warning",
}).then(() => join(folder, "tun-native.mjs"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The package as one file, for processes that cannot read TypeScript, and the environment that it needs. */
export async function bundledLibrary(): Promise<{ file: string; env: NodeJS.ProcessEnv }> {
  const file = await library;
  const prebuilt = fileURLToPath(new URL(`../../prebuilds/linux-${process.arch}/tun-native.node`, import.meta.url));
  return {
    file,
    env: { ...process.env, TUN_LIBRARY: file, TUN_NATIVE_PATH: process.env["TUN_NATIVE_PATH"] ?? prebuilt },
  };
}

/**
 * @param also more options of unshare(1), such as `--mount`
 * @param variables more environment variables of the piece
 */
export async function inNamespace<T>(
  piece: (tools: NamespaceTools) => T | Promise<T>,
  also: string[] = [],
  variables: NodeJS.ProcessEnv = {},
): Promise<T> {
  const library = await bundledLibrary();
  const env = { ...library.env, ...variables };
  const report = `const result = await (${piece.toString()})(tools); writeSync(3, JSON.stringify(result ?? null));`;
  const args = ["--net", ...also, "--", process.execPath, "--input-type=module", "--eval", PRELUDE + report];
  const child = spawn("unshare", args, {
    env,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    timeout: 15_000,
    killSignal: "SIGKILL",
  });
  const [result, errors, status] = await Promise.all([
    collect(child.stdio[3]),
    collect(child.stderr),
    new Promise<string>((resolve) => child.on("close", (code, signal) => resolve(signal ?? String(code)))),
  ]);
  if (status !== "0") throw new Error(`the piece in the namespace failed (${status}):\n${errors}`);
  return JSON.parse(result);
}

async function collect(stream: unknown): Promise<string> {
  if (stream === null || typeof stream !== "object" || !(Symbol.asyncIterator in stream)) return "";
  let text = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}
