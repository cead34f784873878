// How long a packet that one node has seen can be repeated at another: recorded packets go there, one behind the other, until
// all that are left are refused.
import { fileURLToPath } from "node:url";
import { type Capture, LabError, type Program, type UdpDatagram, waitUntil } from "../lab/index.ts";
import { daemonCounters } from "../measure/daemon-counters.ts";
import { median } from "../measure/statistics.ts";
import { AnycastLab, type AnycastNode, anycastAddress, serverAddress } from "./anycast-lab.ts";
import { sleep } from "./fault-lab.ts";

export interface ReplayBound {
  /** Of each try: milliseconds from the packet at one node to the first moment when the other refused everything. */
  readonly refusedAfterMs: readonly number[];
  /** Repetitions that the node accepted that had seen the packets. */
  readonly acceptedWhereSeen: number;
  readonly faults: readonly string[];
}

/** Packets of one try, and how far apart they are repeated: together longer than it may take. */
const packets = 200;
const intervalMs = 25;
const port = 4444;
/** Nodes tell once in a second what they had read a second before. */
const roundMs = 1000;
/** What the way, and a machine with other things to do, add to two rounds. */
const slackMs = 500;

const script = fileURLToPath(new URL("../../dist/soak/replay-probe.js", import.meta.url));

/** @throws LabError when the cluster does not come up */
export async function replayBound(tries: number): Promise<ReplayBound> {
  // what leaves in one piece is captured in one piece
  const options = ["-E", "known to all", "-w", "4096", "--no-udp-offload"];
  await using lab = await AnycastLab.create("ours", ["ours", "ours", "ours"], options);
  await using capture = await lab.client.capture(
    lab.clientDevice,
    `udp and dst host ${anycastAddress} and dst port ${port}`,
  );
  const refusedAfterMs: number[] = [];
  const faults: string[] = [];
  let acceptedWhereSeen = 0;
  // one that begins too late, on a machine with other things to do, measures nothing
  for (let at = 0; refusedAfterMs.length < tries && at < 3 * tries; at++) {
    const [seer, other] = [at % lab.nodes.length, (at + 1) % lab.nodes.length];
    await lab.switchTo(seer);
    await lab.client.reach(serverAddress);
    await sleep(Math.random() * roundMs);
    await using elsewhere = await Replay.prepare(lab);
    await using there = await Replay.prepare(lab);
    const { lines, seenMs } = await record(lab, capture);
    await lab.switchTo(other);
    const { accepted, times } = await elsewhere.run(lab.node(other), lines);
    const refusedMs = times[accepted];
    if (refusedMs === undefined) faults.push(`try ${at + 1}: everything was accepted`);
    else if (accepted > 0) refusedAfterMs.push(refusedMs - seenMs);
    await lab.switchTo(seer);
    acceptedWhereSeen += (await there.run(lab.node(seer), lines.slice(0, 5))).accepted;
  }
  if (refusedAfterMs.length < tries) faults.push(`only ${refusedAfterMs.length} of ${tries} tries measured anything`);
  return { refusedAfterMs, acceptedWhereSeen, faults };
}

export function replayBoundFaults({ refusedAfterMs, acceptedWhereSeen, faults }: ReplayBound): string[] {
  const found = [...faults];
  if (acceptedWhereSeen > 0) found.push(`${acceptedWhereSeen} replays were accepted by the node that had seen them`);
  const worst = Math.max(...refusedAfterMs);
  if (worst > 2 * roundMs + slackMs) found.push(`a replay was accepted elsewhere until ${worst.toFixed(0)} ms later`);
  return found;
}

export function replayBoundText({ refusedAfterMs: times, acceptedWhereSeen }: ReplayBound): string {
  const [least, middle, most] = [Math.min(...times), median(times), Math.max(...times)].map((ms) => ms.toFixed(0));
  return `Replays: in ${times.length} tries packets of the client that one node had seen were repeated at another, one every ${intervalMs} ms. From the
last of these packets to the moment from which on it refused them all: ${middle} ms in the median, ${least} at least and ${most} at most. The node
that had seen them accepted ${acceptedWhereSeen} repetitions.`;
}

/** Packets that leave within a moment, as hexadecimal lines, and when the last one did. */
async function record({ client }: AnycastLab, capture: Capture): Promise<{ lines: string[]; seenMs: number }> {
  const from = capture.datagrams.length;
  const seen = (): UdpDatagram[] => capture.datagrams.slice(from);
  await client.check("ping", ["-n", "-q", "-c", `${packets}`, "-i", "0.001", serverAddress]);
  await waitUntil(() => seen().length >= packets, { what: "the client's packets", interval: 5 });
  const datagrams = seen();
  const lines = datagrams.map(({ payload }) => Buffer.from(payload).toString("hex"));
  return { lines, seenMs: (datagrams.at(-1)?.time ?? Number.NaN) * 1000 };
}

/** A process of the client's host that is ready to repeat packets. */
class Replay {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  static async prepare({ client }: AnycastLab): Promise<Replay> {
    const program = client.spawn(process.execPath, [script, anycastAddress, `${port}`, `${intervalMs}`]);
    await program.waitFor(/^ready$/m);
    return new Replay(program);
  }

  /** The last one first: that is the one to wait for, and the earlier ones are unseen as well. */
  async run({ daemon }: AnycastNode, lines: readonly string[]): Promise<{ accepted: number; times: number[] }> {
    const before = (await daemonCounters(daemon)).drops.get("replay") ?? 0;
    this.#program.write(lines.toReversed().join("\n"));
    this.#program.endInput();
    const [json] = await this.#program.waitFor(/^\[.*\]$/m, { timeout: 60_000 });
    const refused = ((await daemonCounters(daemon)).drops.get("replay") ?? 0) - before;
    const times: number[] = JSON.parse(json);
    if (times.length !== lines.length) throw new LabError("setup", `${times.length} of ${lines.length} were repeated`);
    return { accepted: lines.length - refused, times };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
  }
}
