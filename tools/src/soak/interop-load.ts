// Our daemon and an original under load in both directions at once: every byte is checked at the end that receives it.
import { fileURLToPath } from "node:url";
import { ownDaemon } from "../contenders/index.ts";
import { Lab, LabError, type LinkEnd, type Program } from "../lab/index.ts";
import { checksumErrors } from "../measure/checksum-errors.ts";
import { type DaemonCounters, daemonCounters } from "../measure/daemon-counters.ts";
import type { LoadEnd } from "./load-end.ts";

export interface LoadCase {
  readonly peer: "anytun" | "uanytun";
  readonly ourRole: "left" | "right";
  /** IP version of the traffic in the tunnel, and of the datagrams that carry it. */
  readonly inside: 4 | 6;
  readonly outside: 4 | 6;
}

export interface LoadResult {
  readonly wanted: LoadCase;
  readonly seconds: number;
  /** What the program at our end has to say, and the one at theirs. */
  readonly ends: readonly [LoadEnd, LoadEnd];
  readonly counters: DaemonCounters;
  /** Names of our device's and our sockets' offloads, from the log. */
  readonly offloads: readonly string[];
  /** Packets that a kernel threw away for a wrong checksum: TCP would have hidden them by sending again. */
  readonly checksumErrors: number;
}

const inside = { ours: { 4: "10.97.0.1", 6: "fd97::1" }, theirs: { 4: "10.97.0.2", 6: "fd97::2" } } as const;
const script = fileURLToPath(new URL("../../dist/soak/load-end.js", import.meta.url));

/** Both originals in both roles with both families inside; each of the four with each family outside. */
export function loadCases(): LoadCase[] {
  const both = [4, 6] as const;
  return (["uanytun", "anytun"] as const).flatMap((peer) =>
    (["left", "right"] as const).flatMap((ourRole) =>
      both.map((version) => {
        const other = version === 4 ? 6 : 4;
        return { peer, ourRole, inside: version, outside: ourRole === "left" ? version : other };
      }),
    ),
  );
}

/**
 * Two TCP streams and a flow of datagrams each way, as fast as the tunnel takes the streams.
 * @throws LabError when a daemon ends or the traffic does not
 */
export async function interopLoad(wanted: LoadCase, seconds: number): Promise<LoadResult> {
  const lab = await Lab.create();
  let programs: Program[] = [];
  try {
    const [ours, theirs] = await lab.pair("ours", "theirs");
    await joinArrivals(ours);
    const { host: near } = ours;
    const { host: far } = theirs;
    const theirRole = wanted.ourRole === "left" ? "right" : "left";
    const [node, cli] = ownDaemon;
    const v6 = ["-n", `${inside.ours[6]}/64`, "--state-dir", "/run/anytun"];
    const daemon = near.spawn(node, [cli, ...options(wanted, wanted.ourRole, inside.ours[4], theirs), ...v6]);
    const original = far.spawn(wanted.peer, options(wanted, theirRole, inside.theirs[4], ours));
    programs = [daemon, original];
    await near.reach(inside.theirs[4]);
    await far.reach(inside.ours[4]);
    await far.ip([`address add ${inside.theirs[6]}/64 dev tun0 nodad`]);
    await near.reach(inside.theirs[wanted.inside]);

    const before = (await checksumErrors(near)) + (await checksumErrors(far));
    const [ourAddress, theirAddress] = [inside.ours[wanted.inside], inside.theirs[wanted.inside]];
    const [ourEnd, theirEnd] = [
      near.spawn(node, [script, ourAddress, theirAddress, `${seconds}`]),
      far.spawn(node, [script, theirAddress, ourAddress, `${seconds}`]),
    ];
    programs.push(ourEnd, theirEnd);
    for (const end of [ourEnd, theirEnd]) await end.waitFor(/^listening$/m);
    for (const end of [ourEnd, theirEnd]) end.write("go\n");
    const results = await Promise.all([ourEnd, theirEnd].map((end) => digest(end, (seconds + 60) * 1000)));
    const [first, second] = results;
    if (first === undefined || second === undefined) throw new LabError("setup", "two ends expected");
    const counters = await daemonCounters(daemon);
    const after = (await checksumErrors(near)) + (await checksumErrors(far));
    const offloads = [...daemon.output.matchAll(/(?:dev|socket) offloads: (.*)/g)].flatMap(([, names = ""]) =>
      names.split(" "),
    );
    return { wanted, seconds, ends: [first, second], counters, offloads, checksumErrors: after - before };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    const last = programs.map((program) => `${program.title}:\n${program.output.slice(-2000)}`);
    throw new LabError(error.code, `${words(wanted)}: ${error.message}\n${last.join("\n")}`, { cause: error });
  } finally {
    await lab[Symbol.asyncDispose]();
  }
}

/** In words, for people. */
export function words({ peer, ourRole, inside, outside }: LoadCase): string {
  return `${peer}, ours ${ourRole}, IPv${inside} in IPv${outside}`;
}

/**
 * Makes the kernel of a host join the datagrams that arrive one by one, as it does behind a network card: originals
 * send them so, and a virtual cable would deliver them so. The wait is what a busy card's interrupts are apart.
 */
async function joinArrivals({ host, device }: LinkEnd): Promise<void> {
  await host.check("ethtool", ["-K", device, "gro", "on", "rx-udp-gro-forwarding", "on"]);
  await host.check("sh", ["-c", `mount -t sysfs none /sys && echo 50000 >/sys/class/net/${device}/gro_flush_timeout`]);
}

function options({ outside }: LoadCase, role: string, address: string, peer: LinkEnd): string[] {
  return [
    ...["-D", "-r", outside === 4 ? peer.ipv4 : peer.ipv6, "-t", "tun", "-d", "tun0", "-n", `${address}/30`],
    ...["-e", role, "-E", "loaded with this passphrase", "-L", "stdout:3"],
  ];
}

async function digest(end: Program, timeout: number): Promise<LoadEnd> {
  const { status, stdout, stderr } = await end.result(timeout);
  if (status !== 0) throw new LabError("status", `an end of the traffic gave up with ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}
