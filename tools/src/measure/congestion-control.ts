// Which algorithm TCP's congestion control follows: how fast a stream goes and how long its queue is depends on it.
import { readFileSync } from "node:fs";
import type { Host } from "../lab/index.ts";

const folder = "/proc/sys/net/ipv4";

/** The kernel's default, which new hosts begin with. */
export function defaultCongestionControl(): string {
  return readFileSync(`${folder}/tcp_congestion_control`, "utf8").trim();
}

/** Those of `wanted` that the kernel has at hand. */
export function availableCongestionControls(wanted: readonly string[]): string[] {
  const available = readFileSync(`${folder}/tcp_available_congestion_control`, "utf8").trim().split(" ");
  return wanted.filter((name) => available.includes(name));
}

/** Of all TCP connections that begin on the host from now on. */
export async function setCongestionControl(host: Host, name: string): Promise<void> {
  await host.check("sysctl", ["-qw", `net.ipv4.tcp_congestion_control=${name}`]);
}
