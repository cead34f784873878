// What a test, the demo or a benchmark needs of the machine, and the command that provides it.
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import type {} from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** What the test lacks here; read by the reporter that lists skipped tests. */
    lacks?: readonly Lack[];
  }
}

export type Requirement =
  | "root"
  | "tun"
  | "ipv6"
  | "anytun"
  | "uanytun"
  | "nat-traverse"
  | "iperf3"
  | "tcpdump"
  | "nft"
  | "ethtool"
  | "ifconfig"
  | "wg"
  | "wireguard-go"
  | "ping"
  | "ip"
  | "unshare"
  | "npm"
  | "systemd"
  | "systemd-analyze"
  | "nc"
  | "openvpn"
  | "pppd"
  | "linux.uml"
  | "mandoc"
  | "man"
  | "openssl"
  | "mkfs.ext4"
  | "apt-get"
  | "aarch64-linux-gnu-g++"
  | "qemu-aarch64-static";

/** A thing that is missing here. */
export interface Lack {
  readonly name: Requirement;
  /** Shell command or sentence that provides it. */
  readonly command: string;
}

interface Known {
  readonly present: () => boolean;
  readonly command: string;
}

const peers = "sudo tools/install-peers.sh";
const program = (name: string, command: string = peers): Known => ({
  present: () => findProgram(name) !== undefined,
  command,
});

const known: Readonly<Record<Requirement, Known>> = {
  root: { present: () => process.getuid?.() === 0, command: "sudo npm test" },
  tun: {
    present: () => accessible("/dev/net/tun", constants.R_OK | constants.W_OK),
    command: existsSync("/dev/net/tun")
      ? "sudo chmod a+rw /dev/net/tun (the kernel still decides who may use it), or run as root"
      : "sudo modprobe tun; in a container: --device /dev/net/tun --cap-add NET_ADMIN",
  },
  ipv6: { present: () => existsSync("/proc/net/if_inet6"), command: "boot without ipv6.disable=1" },
  anytun: program("anytun"),
  uanytun: program("uanytun"),
  "nat-traverse": program("nat-traverse"),
  iperf3: program("iperf3"),
  tcpdump: program("tcpdump"),
  nft: program("nft"),
  ethtool: program("ethtool"),
  ifconfig: program("ifconfig"),
  wg: program("wg"),
  "wireguard-go": program("wireguard-go"),
  ping: program("ping"),
  ip: program("ip"),
  unshare: program("unshare"),
  systemd: { present: () => accessible("/lib/systemd/systemd", constants.X_OK), command: peers },
  "systemd-analyze": program("systemd-analyze"),
  nc: program("nc"),
  openvpn: program("openvpn"),
  pppd: program("pppd"),
  "linux.uml": program("linux.uml"),
  mandoc: program("mandoc"),
  man: program("man"),
  "aarch64-linux-gnu-g++": program("aarch64-linux-gnu-g++"),
  "qemu-aarch64-static": program("qemu-aarch64-static"),
  openssl: program("openssl"),
  "mkfs.ext4": program("mkfs.ext4", "sudo apt-get install e2fsprogs"),
  "apt-get": program("apt-get", "Debian or Ubuntu"),
  npm: program("npm", "sudo apt-get install npm"),
};

/** Options for vitest's `describe` or `it`. */
export interface Requires {
  readonly skip: boolean;
  readonly meta: { readonly lacks: readonly Lack[] };
}

/** Which of these are missing here. */
export function lacking(...needs: readonly Requirement[]): Lack[] {
  return needs.filter((name) => !known[name].present()).map((name) => ({ name, command: known[name].command }));
}

/**
 * Options that skip a test where something is missing:
 * `describe("a tunnel", requires("root", "tun", "uanytun"), () => { … })`.
 */
export function requires(...needs: readonly Requirement[]): Requires {
  const lacks = lacking(...needs);
  return { skip: lacks.length > 0, meta: { lacks } };
}

/** Path of a program, looked for on PATH and where system programs live. */
export function findProgram(name: string): string | undefined {
  const folders = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`.split(":");
  return folders.map((folder) => join(folder, name)).find((path) => accessible(path, constants.X_OK));
}

function accessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
