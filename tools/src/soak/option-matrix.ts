// Every combination of options against both originals: one ping each way.
import { ownDaemon } from "../contenders/index.ts";
import { type Host, Lab, LabError, type LinkEnd, type Program } from "../lab/index.ts";

export interface MatrixResult {
  readonly passed: number;
  /** One line for each combination that did not work. */
  readonly failed: readonly string[];
}

interface Combination {
  readonly peer: "anytun" | "uanytun";
  readonly ourRole: "left" | "right";
  readonly device: "tun" | "tap";
  readonly underlay: 4 | 6;
  readonly cipher: string;
  readonly derivation: string;
  readonly authentication: string;
  readonly tagBytes: number;
}

const suites = ["null", "aes-ctr-128", "aes-ctr-192", "aes-ctr-256"] as const;
const tags = [
  ["null", 0],
  ["sha1", 4],
  ["sha1", 10],
  ["sha1", 20],
] as const;

/** All of them, in an order that spreads what is alike. */
export function combinations(): Combination[] {
  const all: Combination[] = [];
  for (const cipher of suites) {
    for (const derivation of suites) {
      for (const [authentication, tagBytes] of tags) {
        for (const peer of ["anytun", "uanytun"] as const) {
          for (const ourRole of ["left", "right"] as const) {
            for (const device of ["tun", "tap"] as const) {
              for (const underlay of [4, 6] as const) {
                all.push({ peer, ourRole, device, underlay, cipher, derivation, authentication, tagBytes });
              }
            }
          }
        }
      }
    }
  }
  return all;
}

/** Runs every `stride`-th combination. */
export async function optionMatrix(stride: number, tick: (message: string) => void): Promise<MatrixResult> {
  const chosen = combinations().filter((_, index) => index % stride === 0);
  const failed: string[] = [];
  const lab = await Lab.create();
  try {
    // One pair of hosts for all: daemons come and go, the kernel forgets nothing that matters.
    const [ours, theirs] = await lab.pair("ours", "theirs");
    for (const [index, combination] of chosen.entries()) {
      const fault = await tryCombination(combination, ours, theirs);
      if (fault !== undefined) failed.push(`${words(combination)}: ${fault}`);
      if ((index + 1) % 50 === 0) tick(`${index + 1} of ${chosen.length} combinations, ${failed.length} failed`);
    }
  } finally {
    await lab[Symbol.asyncDispose]();
  }
  return { passed: chosen.length - failed.length, failed };
}

async function tryCombination(combination: Combination, ours: LinkEnd, theirs: LinkEnd): Promise<string | undefined> {
  const theirRole = combination.ourRole === "left" ? "right" : "left";
  const [node, cli] = ownDaemon;
  const state = ["--state-dir", "/run/anytun"];
  const programs: Program[] = [
    ours.host.spawn(node, [cli, ...options(combination, combination.ourRole, "10.98.0.1", theirs), ...state]),
    theirs.host.spawn(combination.peer, options(combination, theirRole, "10.98.0.2", ours)),
  ];
  try {
    await ours.host.reach("10.98.0.2", { timeout: 6_000 });
    await theirs.host.reach("10.98.0.1", { timeout: 6_000 });
    return undefined;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    const last = programs.map((program) => program.output.trim().split("\n").at(-1) ?? "");
    return `${error.message}; last words: ${last.join(" / ")}`;
  } finally {
    await Promise.all(programs.map((program) => program.stop("SIGTERM", 2_000)));
    await gone(ours.host, combination.device);
    await gone(theirs.host, combination.device);
  }
}

function options(combination: Combination, role: string, address: string, peer: LinkEnd): string[] {
  const { device, underlay, cipher, derivation, authentication, tagBytes } = combination;
  return [
    ...["-D", "-r", underlay === 4 ? peer.ipv4 : peer.ipv6, "-t", device, "-d", `${device}0`, "-n", `${address}/30`],
    ...["-e", role, "-c", cipher, "-k", derivation, "-a", authentication, "-b", `${tagBytes}`],
    ...["-E", "every combination with this passphrase", "-L", "stdout:3"],
  ];
}

/** A device disappears a moment after its process. */
async function gone(host: Host, device: string): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    if ((await host.run("ip", ["link", "show", "dev", `${device}0`])).status !== 0) return;
  }
}

function words(combination: Combination): string {
  return Object.values(combination).join(" ");
}
