/** Services by name: the lines `NAME PORT/PROTOCOL [ALIAS…]` of /etc/services. */
import { readFileSync } from "node:fs";
import type { ServiceLookup } from "./values.ts";

const SERVICES_FILE = "/etc/services";

type Protocol = "udp" | "tcp";

/** UDP ports. Reads the file only when a name is asked for; without the file there are no services. */
export const systemServices: ServiceLookup = (name) => lookUp(name, "udp");

/** The same for TCP. */
export const systemTcpServices: ServiceLookup = (name) => lookUp(name, "tcp");

export function findService(text: string, name: string, protocol: Protocol): number | undefined {
  for (const line of text.split("\n")) {
    const [service, portAndProtocol, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (portAndProtocol === undefined || service === undefined) continue;
    const [, port, found] = /^([0-9]{1,5})\/(udp|tcp)$/.exec(portAndProtocol) ?? [];
    if (found === protocol && (service === name || aliases.includes(name))) return Number(port);
  }
  return undefined;
}

function lookUp(name: string, protocol: Protocol): number | undefined {
  let text: string;
  try {
    text = readFileSync(SERVICES_FILE, "latin1");
  } catch {
    return undefined;
  }
  return findService(text, name, protocol);
}
