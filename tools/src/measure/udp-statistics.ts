import type { Host } from "../lab/index.ts";

/** What the kernel of a host has counted for UDP. */
export interface UdpStatistics {
  /** Datagrams that programs have read. */
  readonly read: number;
  /** Datagrams that arrived and were not kept for a program. */
  readonly dropped: number;
}

export async function udpStatistics(host: Host): Promise<UdpStatistics> {
  const lines = (await host.check("cat", ["/proc/net/snmp"])).split("\n").filter((line) => line.startsWith("Udp:"));
  const [names = [], values = []] = lines.map((line) => line.split(" "));
  const field = (name: string): number => Number(values[names.indexOf(name)] ?? Number.NaN);
  // RcvbufErrors and the like are part of InErrors.
  return { read: field("InDatagrams"), dropped: field("InErrors") };
}
