import type { Host } from "../lab/index.ts";

/** Packets that the kernel of a host has thrown away for a wrong checksum: IPv4 and IPv6, TCP, UDP and ICMP. */
export async function checksumErrors(host: Host): Promise<number> {
  const lines = (await host.check("cat", ["/proc/net/snmp", "/proc/net/snmp6"])).split("\n");
  let sum = 0;
  for (const [index, line] of lines.entries()) {
    const words = line.split(/\s+/);
    const [name = "", value = ""] = words;
    // snmp: a line of names, then a line of values; snmp6: a name and its value on each line
    if (/^\w+6InCsumErrors$/.test(name)) sum += Number(value);
    const place = words.indexOf("InCsumErrors");
    if (place > 0) sum += Number(lines[index + 1]?.split(/\s+/)[place] ?? Number.NaN);
  }
  return sum;
}
