/** Elements of -M, -X and --connect: `host`, `host:port`, `v6`, `[v6]`, `[v6]:port` (spec: anytun-cli.md 2, sync-protocol.md 1). */
import { isIP } from "node:net";
import type { UdpName } from "../config/config.ts";
import { decimal, type ServiceLookup } from "../config/values.ts";
import { UsageError } from "../errors.ts";

export const DEFAULT_SYNC_PORT = 2323;

const MAX_HOST_LENGTH = 253;
const EXPECTED = "expected HOST, HOST:PORT, an IPv6 address or [IPv6]:PORT";

/** A host and a TCP port. */
export type SyncHost = UdpName;

/** @throws UsageError for an element that is none */
export function parseHostList(option: string, value: string, services: ServiceLookup): SyncHost[] {
  return value.split(",").map((element) => parseSyncHost(option, element, services));
}

/** @throws UsageError */
export function parseSyncHost(option: string, element: string, services: ServiceLookup): SyncHost {
  const { host, port } = splitHost(option, element);
  if (host === "" || host.length > MAX_HOST_LENGTH || (isIP(host) === 0 && /[\s:/[\]%,]/.test(host))) {
    throw new UsageError(option, element, EXPECTED);
  }
  return { host, port: port === "" ? DEFAULT_SYNC_PORT : portOf(option, element, port, services) };
}

/**
 * The parts as text; the host may be empty, which the caller judges.
 * @throws UsageError for brackets that do not fit
 */
export function splitHost(option: string, element: string): { host: string; port: string } {
  if (element.includes("[")) {
    const [, host, port = ""] = /^\[([^[\]]*)\](?::([^:]+))?$/.exec(element) ?? [];
    if (host === undefined || isIP(host) !== 6) throw new UsageError(option, element, EXPECTED);
    return { host, port };
  }
  const colon = element.indexOf(":");
  if (colon < 0 || colon !== element.lastIndexOf(":")) return { host: element, port: "" };
  return { host: element.slice(0, colon), port: element.slice(colon + 1) };
}

/** @throws UsageError */
export function portOf(option: string, element: string, text: string, services: ServiceLookup): number {
  const port = decimal(text) ?? services(text);
  if (port === undefined || port > 65_535) {
    throw new UsageError(option, element, "expected a port from 0 to 65535 or the name of a TCP service");
  }
  return port;
}
