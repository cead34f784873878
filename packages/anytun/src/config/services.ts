/** UDP services by name: the lines `NAME PORT/udp [ALIAS…]` of /etc/services. */
import { readFileSync } from "node:fs";
import type { ServiceLookup } from "./values.ts";

const SERVICES_FILE = "/etc/services";

/** Reads the file only when a name is asked for; without the file there are no services. */
export const systemServices: ServiceLookup = (name) => {
  let text: string;
  try {
    text = readFileSync(SERVICES_FILE, "latin1");
  } catch {
    return undefined;
  }
  return findUdpService(text, name);
};

export function findUdpService(text: string, name: string): number | undefined {
  for (const line of text.split("\n")) {
    const [service, portAndProtocol, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (portAndProtocol === undefined || service === undefined) continue;
    const port = /^([0-9]{1,5})\/udp$/.exec(portAndProtocol)?.[1];
    if (port !== undefined && (service === name || aliases.includes(name))) return Number(port);
  }
  return undefined;
}
