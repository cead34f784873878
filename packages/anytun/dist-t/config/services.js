/** UDP services by name: the lines `NAME PORT/udp [ALIAS…]` of /etc/services. */
import { readFileSync } from "node:fs";

const SERVICES_FILE = "/etc/services";
/** Reads the file only when a name is asked for; without the file there are no services. */
export const systemServices = (name) => {
  let text;
  try {
    text = readFileSync(SERVICES_FILE, "latin1");
  } catch {
    return undefined;
  }
  return findUdpService(text, name);
};
export function findUdpService(text, name) {
  for (const line of text.split("\n")) {
    const [service, portAndProtocol, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (portAndProtocol === undefined || service === undefined) continue;
    const port = /^([0-9]{1,5})\/udp$/.exec(portAndProtocol)?.[1];
    if (port !== undefined && (service === name || aliases.includes(name))) return Number(port);
  }
  return undefined;
}
//# sourceMappingURL=services.js.map
