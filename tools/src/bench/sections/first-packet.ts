// How long nat-traverse takes from exec to its first packet, and what of that is Node's.
import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../lab/index.ts";
import { median, quantile } from "../../measure/statistics.ts";
import type { Section, SectionResult } from "../section.ts";

const program = fileURLToPath(new URL("../../../../packages/nat-traverse/dist/bin/nat-traverse.js", import.meta.url));
/** Certificates that Node would read before anything else belong to the machine, not to the program. */
const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };

/** Milliseconds of each run, by what was started. */
export type FirstPacketTimes = Readonly<Record<string, readonly number[]>>;

export const firstPacket: Section = {
  title: "nat-traverse: from exec to the first packet",
  contenders: [],
  needs: () => [],
  async measure(settings): Promise<SectionResult> {
    const receiver = createSocket("udp4");
    receiver.bind(0, "127.0.0.1");
    await once(receiver, "listening");
    const original = findProgram("nat-traverse");
    const times: Record<string, number[]> = { node: [], version: [], first: [], original: [] };
    try {
      for (let i = 0; i < settings.runs * 4; i++) {
        times["node"]?.push(await untilExit(["--eval", "0"]));
        times["version"]?.push(await untilExit([program, "--version"]));
        times["first"]?.push(await untilPacket(receiver, program));
        if (original !== undefined) times["original"]?.push(await untilPacket(receiver, original));
      }
    } finally {
      receiver.close();
    }
    settings.tell(`first packet: ${times["first"]?.length ?? 0} starts`);
    return { tables: [{ rows: firstPacketTable(times) }], text, failures: [] };
  },
};

const text = `One after another, to a socket of the benchmark on the loopback interface. An empty program is what Node needs to start and to end; the
command line is read by the version; the first packet's program is executed itself, so that a shell notes the ignored signals, and loads the puncher and the addon and opens the sockets.`;

export function firstPacketTable(times: FirstPacketTimes): string[][] {
  const row = (name: string, what: string): string[] => {
    const values = times[name] ?? [];
    return [what, ...[median(values), quantile(values, 0.9)].map((ms) => (values.length === 0 ? "–" : ms.toFixed(0)))];
  };
  return [
    ["from exec", "median, ms", "of ten, the second slowest"],
    row("node", "Node alone: an empty program, to its end"),
    row("version", "`--version`, to its end"),
    row("first", "**to the first packet**"),
    row("original", "the original, to its first packet"),
  ];
}

async function untilExit(args: readonly string[]): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, { stdio: "ignore", env });
  await once(child, "exit");
  return performance.now() - begun;
}

async function untilPacket(receiver: Socket, command: string): Promise<number> {
  const packet = once(receiver, "message");
  const begun = performance.now();
  const words = ["--window=1", "--timeout=1", `0:127.0.0.1:${receiver.address().port}`];
  const child = spawn(command, words, { stdio: "ignore", env });
  await packet;
  const ms = performance.now() - begun;
  child.kill("SIGKILL");
  await once(child, "exit");
  // what else it sent must not be taken for the next one's first packet
  await new Promise((resolve) => setTimeout(resolve, 20));
  return ms;
}
