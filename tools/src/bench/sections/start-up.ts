// What a start costs: from exec until the tunnel is up, step by step, and what a daemon with nothing to do uses.
import { ownDaemon } from "../../contenders/index.ts";
import { type Host, Lab, type LinkEnd } from "../../lab/index.ts";
import { cpuSeconds, residentMib } from "../../measure/process-usage.ts";
import { median } from "../../measure/statistics.ts";
import type { Section, SectionResult } from "../section.ts";

/** Prints when the command began and when it was over, in nanoseconds. */
const timed = 's=$(date +%s%N); "$@"; echo "timed $s $(date +%s%N) $?"';
/** Log lines that end a step. */
const marks = {
  "read the configuration": /anytun started/,
  "open sockets and device": /KeyDerivation: using role/,
  "start the data plane": /added connection remote host/,
} as const;
/** The compiler works on for some seconds after the first packets. */
const settleSeconds = 15;
const idleSeconds = 10;
const readyFile = "/run/start-up.pid";

/** Milliseconds since exec, by step; the last is the whole. */
export type StartTimes = Readonly<Record<string, number>>;

export const startUp: Section = {
  title: "Start-up and rest",
  contenders: [],
  needs: () => ["root", "tun", "ip", "ping"],
  async measure(settings): Promise<SectionResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const empty: number[] = [];
    const starts: StartTimes[] = [];
    for (let i = 0; i < settings.runs * 4; i++) {
      empty.push(await emptyNode(left.host));
      starts.push(await start(left, right));
      await left.host.check("sh", ["-c", `kill $(cat ${readyFile}); while [ -e ${readyFile} ]; do sleep 0.01; done`]);
    }
    const rest = await measureRest(left, right);
    settings.tell(`start-up: ${starts.length} starts`);
    return { tables: [{ rows: startTable(empty, starts) }, { rows: rest }], text, failures: [] };
  },
};

const text = `Medians of starts into the background, one after another: from the exec of the first process until it returns because the tunnel is
up. Two of the steps are Node's own: the first process cannot fork and executes the daemon anew. The data plane's thread starts first and gets ready beside
the other steps. At rest: a tunnel with one peer, both idle, for ${idleSeconds} seconds, ${settleSeconds} after its first packet.`;

export function startTable(empty: readonly number[], starts: readonly StartTimes[]): string[][] {
  const steps = Object.keys(starts[0] ?? {});
  const ends = steps.map((step) => median(starts.map((times) => times[step] ?? Number.NaN)));
  return [
    ["step", "ms since exec"],
    ["(Node alone: an empty program)", median(empty).toFixed(0)],
    ...steps.map((step, index) => [step, (ends[index] ?? Number.NaN).toFixed(0)]),
  ];
}

async function emptyNode(host: Host): Promise<number> {
  return total(await host.check("sh", ["-c", timed, "sh", process.execPath, "--eval", "0"], { env: quiet }));
}
/** Certificates that Node would read before anything else belong to the machine, not to the program. */
const quiet = { NODE_EXTRA_CA_CERTS: undefined };

async function start({ host }: LinkEnd, peer: LinkEnd): Promise<StartTimes> {
  const words = ["-t", "tun", "-n", "10.99.0.1/30", "-r", peer.ipv4, "-E", "measured", "-P", readyFile];
  const log = ["--state-dir", "/run/state", "-L", "stdout:3", "--log-format", "json"];
  const output = await host.check("sh", ["-c", timed, "sh", ...ownDaemon, ...words, ...log], { env: quiet });
  const began = Number(/^timed (\d+)/m.exec(output)?.[1]) / 1e6;
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  const entries = lines.map((line): { time: string; text: string } => JSON.parse(line));
  const times: Record<string, number> = {};
  for (const [step, pattern] of Object.entries(marks)) {
    const entry = entries.find((one) => pattern.test(one.text));
    times[step] = entry === undefined ? Number.NaN : Date.parse(entry.time) - began;
  }
  return { ...times, "return to the caller: up": total(output) };
}

function total(output: string): number {
  const [, from, to] = /^timed (\d+) (\d+) 0$/m.exec(output) ?? [];
  return (Number(to) - Number(from)) / 1e6;
}

async function measureRest(left: LinkEnd, right: LinkEnd): Promise<string[][]> {
  const common = ["-D", "-t", "tun", "-E", "measured", "--state-dir", "/run/state", "-L", "stdout:3"];
  const [node, cli] = ownDaemon;
  const daemon = left.host.spawn(node, [cli, ...common, "-n", "10.99.0.1/30", "-r", right.ipv4], { env: quiet });
  const peer = right.host.spawn(node, [cli, ...common, "-n", "10.99.0.2/30", "-r", left.ipv4, "-e", "right"], {
    env: quiet,
  });
  await left.host.reach("10.99.0.2");
  await new Promise((resolve) => setTimeout(resolve, settleSeconds * 1000));
  const pid = daemon.pid ?? 0;
  const before = cpuSeconds(pid);
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
  const used = ((cpuSeconds(pid) - before) / idleSeconds) * 100;
  const memory = residentMib(pid);
  await Promise.all([daemon.stop(), peer.stop()]);
  return [
    ["at rest", ""],
    ["processor", `${used.toFixed(1)} %`],
    ["resident memory", `${memory.toFixed(0)} MiB`],
  ];
}
