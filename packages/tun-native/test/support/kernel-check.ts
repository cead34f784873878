/** Builds test/native/kernel-check.cc for a processor and talks to it: kernels on their own, without Node around them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SatpCipherContext } from "../../src/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** How to build for a processor, and what runs the result here. */
export interface Target {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly emulator: readonly string[];
}

// GCC has them for glibc only.
const sanitizers = existsSync("/lib/ld-musl-x86_64.so.1")
  ? []
  : ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** This machine, with sanitizers: every access outside of a packet ends the program. */
export const HERE: Target = {
  compiler: process.env["CXX"] ?? "c++",
  flags: ["-O1", "-g", ...sanitizers],
  emulator: [],
};

/** 64-bit ARM in an emulator. */
export const ARM64: Target = {
  compiler: "aarch64-linux-gnu-g++",
  flags: ["-O2", "-static"],
  emulator: ["qemu-aarch64-static"],
};

/** A packet on its way through a kernel. */
export interface CheckedRow {
  readonly context: SatpCipherContext;
  /** Unused bytes before the packet: any alignment. */
  readonly gap: number;
  readonly bytes: Uint8Array;
}

export interface CheckedResult {
  readonly flags: number;
  readonly hex: string;
}

/** A built program. Delete it with `close()`. */
export class KernelCheck {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "kernel-check-"));
  readonly #command: readonly string[];

  constructor({ compiler, flags, emulator }: Target) {
    const program = join(this.#folder, "kernel-check");
    const kernels = readdirSync(join(root, "native/satp")).filter((name) =>
      /^(?!evp).*_(kernel|features)\.cc$/.test(name),
    );
    const sources = ["test/native/kernel-check.cc", ...kernels.map((name) => `native/satp/${name}`)];
    const always = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Werror", "-Inative"];
    const built = spawnSync(compiler, [...always, ...flags, ...sources, "-o", program], {
      cwd: root,
      encoding: "utf8",
    });
    if (built.status !== 0) {
      this.close();
      throw new Error(`${compiler}: ${built.error?.message ?? built.stderr}`);
    }
    this.#command = [...emulator, program];
  }

  /** Whether the processor (or its emulator) can run the kernel. */
  usable(kernel: string): boolean {
    return this.#run(kernel, "").status !== 3;
  }

  /** Takes batches through a kernel, each seen as a list of rows. @throws when it touched anything but the packets */
  run(kernel: string, operation: "seal" | "open", batches: readonly (readonly CheckedRow[])[]): CheckedResult[][] {
    const contexts = [...new Set(batches.flat().map((row) => row.context))];
    const numbers = new Map(contexts.map((context, i) => [context, i]));
    const commands = contexts.map(contextCommand);
    for (const rows of batches) {
      for (const { context, gap, bytes } of rows) {
        commands.push(`row ${numbers.get(context)} ${gap} ${Buffer.from(bytes).toString("hex")}`);
      }
      commands.push(operation);
    }
    const { status, stdout, stderr } = this.#run(kernel, `${commands.join("\n")}\n`);
    if (status !== 0) throw new Error(`kernel-check ${kernel} ended with ${status}: ${stderr}`);
    const lines = stdout.trimEnd().split("\n").values();
    return batches.map((rows) => {
      const results = rows.map(() => parseResult(lines.next().value ?? ""));
      const outside = lines.next().value;
      if (outside !== "outside 0") throw new Error(`${kernel} changed bytes outside of packets: ${outside}`);
      return results;
    });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(kernel: string, input: string) {
    const [program = "", ...words] = [...this.#command, kernel];
    return spawnSync(program, words, { input, encoding: "utf8", maxBuffer: 1 << 28 });
  }
}

function contextCommand(context: SatpCipherContext): string {
  const hex = (bytes: Uint8Array) => (bytes.length === 0 ? "-" : Buffer.from(bytes).toString("hex"));
  const { masterKey, masterSalt, cipherKeyBytes, tagBytes, sealLabels, openLabels } = context;
  return ["context", hex(masterKey), hex(masterSalt), cipherKeyBytes, tagBytes, ...sealLabels, ...openLabels].join(" ");
}

function parseResult(line: string): CheckedResult {
  const [flags = "", hex = ""] = line.split(" ");
  return { flags: Number(flags), hex };
}
