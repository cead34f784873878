/** C++ programs of the tests, built for this machine or another and fed through stdin. */
import { execFile, type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The package. */
export const PACKAGE: string = fileURLToPath(new URL("../..", import.meta.url));

/** How to build for a processor, and what runs the result here. */
export interface Target {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly emulator: readonly string[];
}

// GCC has them for glibc only.
const sanitizers = existsSync("/lib/ld-musl-x86_64.so.1")
  ? []
  : ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** This machine, with sanitizers: every access outside of what is allowed ends the program. */
export const HERE: Target = { compiler: process.env["CXX"] ?? "c++", flags: sanitizers, emulator: [] };

/** 64-bit ARM in an emulator, with sanitizers too. */
export const ARM64: Target = {
  compiler: "aarch64-linux-gnu-g++",
  flags: sanitizers,
  emulator: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
};

// The programs bring sanitizers of their own, also where this process has been given some. The search for leaks traces
// the process, which an emulator does not allow.
const { LD_PRELOAD: _, ...inherited } = process.env;
const env = { ...inherited, ASAN_OPTIONS: "detect_leaks=0" };

const execute = promisify(execFile);

/** Milliseconds for a build on a machine that is busy with others; alone it takes a tenth of that. */
export const BUILD_MS = 300_000;

/** A built program. Delete it with `close()`. */
export class NativeProgram {
  readonly #folder: string;
  readonly #command: readonly string[];

  private constructor(folder: string, command: readonly string[]) {
    this.#folder = folder;
    this.#command = command;
  }

  /** @param sources relative to the package; compiled side by side */
  static async build({ compiler, flags, emulator }: Target, sources: readonly string[]): Promise<NativeProgram> {
    const folder = mkdtempSync(join(tmpdir(), "native-program-"));
    const program = new NativeProgram(folder, [...emulator, join(folder, "program")]);
    const always = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Werror", "-Inative", ...flags];
    const compile = (words: readonly string[]) => execute(compiler, [...always, ...words], { cwd: PACKAGE, env });
    try {
      const objects = sources.map((_, i) => join(folder, `${i}.o`));
      await Promise.all(sources.map((source, i) => compile(["-c", source, "-o", objects[i] ?? ""])));
      await compile([...objects, "-o", join(folder, "program")]);
      return program;
    } catch (error) {
      program.close();
      throw error;
    }
  }

  run(input: string, words: readonly string[] = []): SpawnSyncReturns<string> {
    const [program = "", ...first] = this.#command;
    return spawnSync(program, [...first, ...words], { input, env, encoding: "utf8", maxBuffer: 1 << 28 });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
