/** Builds test/native/kernel-check.cc for a processor and talks to it: kernels on their own, without Node around them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SatpCipherContext } from "../../src/index.ts";
import { NativeProgram, PACKAGE, type Target } from "./native-program.ts";

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
  readonly #program: NativeProgram;

  private constructor(program: NativeProgram) {
    this.#program = program;
  }

  static async build(target: Target): Promise<KernelCheck> {
    const kernels = readdirSync(join(PACKAGE, "native/satp")).filter((name) =>
      /^(?!evp).*_(kernel|features)\.cc$/.test(name),
    );
    const sources = kernels.map((name) => `native/satp/${name}`);
    return new KernelCheck(await NativeProgram.build(target, ["test/native/kernel-check.cc", ...sources]));
  }

  /** Whether the processor (or its emulator) can run the kernel. */
  usable(kernel: string): boolean {
    return this.#program.run("", [kernel]).status !== 3;
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
    const { status, stdout, stderr } = this.#program.run(`${commands.join("\n")}\n`, [kernel]);
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
    this.#program.close();
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
