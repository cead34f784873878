// The three daemons that speak SATP, started alike: AES-128 counter mode, HMAC-SHA1 with ten bytes, their defaults,
// and the first of them in other ways.
import { fileURLToPath } from "node:url";
import type { LinkEnd, Program, Requirement } from "../lab/index.ts";
import type { Contender, Tunnel } from "./contender.ts";

/** Command line of this repository's daemon. */
export const ownDaemon: readonly [string, string] = [
  process.execPath,
  fileURLToPath(new URL("../../../packages/anytun/dist/anytun.js", import.meta.url)),
];

const inside4 = { left: "10.99.0.1", right: "10.99.0.2" } as const;
const inside6 = { left: "fd99::1", right: "fd99::2" } as const;

/** Both ends alike. */
export interface SatpOptions {
  /** Added to both command lines. */
  readonly extra?: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default tun. */
  readonly kind?: "tun" | "tap";
  /** Family inside the tunnel, default 4. */
  readonly inside?: 4 | 6;
  /** Family below the tunnel, default 4. */
  readonly outside?: 4 | 6;
}

/** @param command program and its first arguments */
function satp(
  name: string,
  command: readonly [string, ...string[]],
  needs: readonly Requirement[],
  options: SatpOptions = {},
): Contender {
  const { kind = "tun", outside = 4, extra = [], env = {} } = options;
  const [program, ...first] = command;
  const device = `${kind}0`;
  const run = (end: LinkEnd, peer: LinkEnd, role: "left" | "right"): Program =>
    end.host.spawn(
      program,
      [
        ...[...first, "-D", "-r", outside === 4 ? peer.ipv4 : peer.ipv6, "-t", kind, "-d", device],
        ...["-n", `${inside4[role]}/30`, "-e", role, "-E", "measured with this passphrase", "-L", "stdout:3", ...extra],
      ],
      { env },
    );
  return {
    name,
    needs: ["root", "tun", "ip", "ping", ...needs],
    async start(left: LinkEnd, right: LinkEnd): Promise<Tunnel> {
      const programs = [run(left, right, "left"), run(right, left, "right")];
      await left.host.reach(inside4.right);
      if (options.inside !== 6) return { ...inside4, device, programs };
      await left.host.ip([`address add ${inside6.left}/64 dev ${device}`]);
      await right.host.ip([`address add ${inside6.right}/64 dev ${device}`]);
      await left.host.reach(inside6.right);
      return { ...inside6, device, programs };
    },
  };
}

/**
 * State in the host's own /run, so that a run leaves nothing and begins like a first start.
 * @param nodeOptions for Node.js itself
 */
export function oursWith(name: string, options: SatpOptions, nodeOptions: readonly string[] = []): Contender {
  const [node, daemon] = ownDaemon;
  const extra = ["--state-dir", "/run/anytun", ...(options.extra ?? [])];
  return satp(name, [node, ...nodeOptions, daemon], [], { ...options, extra });
}

export const ours: Contender = oursWith("anytun of this repository", {});

export const uanytun: Contender = satp("uanytun 0.3.7", ["uanytun"], ["uanytun", "ifconfig"]);

export const anytun: Contender = satp("anytun 0.3.8", ["anytun"], ["anytun", "ifconfig"]);
