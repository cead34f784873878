// What sealing and opening cost: the bulk kernels alone, without device or network.
import { fileURLToPath } from "node:url";
import { LabError, run } from "../../lab/index.ts";
import type { Section, SectionResult } from "../section.ts";

export interface KernelCell {
  readonly kernel: string;
  /** Of a packet without header, payload type and tag. */
  readonly bytes: number;
  /** Packets of one call. */
  readonly batch: number;
  /** Nanoseconds per packet. */
  readonly seal: number;
  readonly open: number;
}

const program = fileURLToPath(new URL("../../../../packages/tun-native/bench/kernels.mjs", import.meta.url));

/** Names of the kernels that this machine can run, the default first. */
export async function usableKernels(): Promise<string[]> {
  return await report<string[]>("--names");
}

export const kernels: Section = {
  title: "Crypto kernels",
  contenders: [],
  needs: () => [],
  async measure(settings): Promise<SectionResult> {
    const cells = await report<KernelCell[]>("--all");
    settings.tell(`crypto kernels: ${new Set(cells.map(({ kernel }) => kernel)).size} measured`);
    return {
      tables: [{ caption: "ns per packet, seal + open; packets in a batch:", rows: kernelTable(cells) }],
      text: `One thread, default suite, the best of several rounds. Bytes: of the frame inside. \`TUN_NATIVE_CRYPTO\` forces a kernel;
\`packages/tun-native/bench/bench.mjs\` measures more.`,
      failures: [],
    };
  },
};

/** A row for each kernel and length, a column for each batch size. */
export function kernelTable(cells: readonly KernelCell[]): string[][] {
  const batches = [...new Set(cells.map(({ batch }) => batch))];
  const rows = new Map<string, string[]>();
  for (const { kernel, bytes, batch, seal, open } of cells) {
    const name = `${kernel}, ${bytes} bytes`;
    const row = rows.get(name) ?? [name, ...batches.map(() => "–")];
    row[1 + batches.indexOf(batch)] = `${seal.toFixed(0)} + ${open.toFixed(0)}`;
    rows.set(name, row);
  }
  return [["", ...batches.map(String)], ...rows.values()];
}

async function report<Answer>(argument: string): Promise<Answer> {
  const { status, stdout, stderr } = await run(process.execPath, [program, argument], { timeout: 300_000 });
  if (status !== 0) throw new LabError("status", `${program} ${argument}: status ${status}\n${stderr}`);
  return JSON.parse(stdout);
}
