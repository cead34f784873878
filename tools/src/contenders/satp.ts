// The three daemons that speak SATP, started alike: AES-128 counter mode, HMAC-SHA1 with ten bytes, their defaults.
import { fileURLToPath } from "node:url";
import type { LinkEnd, Program, Requirement } from "../lab/index.ts";
import type { Contender, Tunnel } from "./contender.ts";

/** Command line of this repository's daemon. */
export const ownDaemon: readonly [string, string] = [
  process.execPath,
  fileURLToPath(new URL("../../../packages/anytun/dist/anytun.js", import.meta.url)),
];

const inside = { left: "10.99.0.1", right: "10.99.0.2" } as const;

interface SatpOptions {
  /** Added to both command lines. */
  readonly extra?: readonly string[];
}

/** @param command program and its first arguments */
function satp(
  name: string,
  command: readonly [string, ...string[]],
  needs: readonly Requirement[],
  options: SatpOptions = {},
): Contender {
  const [program, ...first] = command;
  const run = (end: LinkEnd, peer: LinkEnd, role: "left" | "right"): Program =>
    end.host.spawn(program, [
      ...[...first, "-D", "-r", peer.ipv4, "-t", "tun", "-d", "tun0", "-n", `${inside[role]}/30`],
      ...["-e", role, "-E", "measured with this passphrase", "-L", "stdout:3", ...(options.extra ?? [])],
    ]);
  return {
    name,
    needs: ["root", "tun", "ip", "ping", ...needs],
    async start(left: LinkEnd, right: LinkEnd): Promise<Tunnel> {
      const programs = [run(left, right, "left"), run(right, left, "right")];
      await left.host.reach(inside.right);
      return { ...inside, device: "tun0", programs };
    },
  };
}

/** State in the host's own /run, so that a run leaves nothing and begins like a first start. */
export const ours: Contender = satp("anytun of this repository", ownDaemon, [], {
  extra: ["--state-dir", "/run/anytun"],
});

export const uanytun: Contender = satp("uanytun 0.3.7", ["uanytun"], ["uanytun", "ifconfig"]);

export const anytun: Contender = satp("anytun 0.3.8", ["anytun"], ["anytun", "ifconfig"]);
