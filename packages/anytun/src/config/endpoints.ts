/** Hosts, ports and families: where the tunnel's datagrams go (spec: anytun-cli.md 9). */
import { isIP } from "node:net";
import type { Argument } from "../cli/arguments.ts";
import { UsageError } from "../errors.ts";
import { LOG_WARNING } from "../log/level.ts";
import type { ArgumentSet } from "./argument-set.ts";
import type { AddressFamily, Config, StartNote } from "./config.ts";
import { parsePort, type ServiceLookup } from "./values.ts";

export const DEFAULT_PORT = 4444;
const MAX_HOST_LENGTH = 253;

export type EndpointConfig = Pick<Config, "family" | "local" | "remote">;

export function parseEndpoints(args: ArgumentSet, services: ServiceLookup, notes: StartNote[]): EndpointConfig {
  const family = parseFamily(args);
  const local = args.lastWord("interface");
  const remote = args.lastWord("remote-host");
  const localPort = args.lastWord("port");
  const remotePort = args.lastWord("remote-port");
  const port = localPort === undefined ? DEFAULT_PORT : parsePort(localPort, services);
  const peerPort = remotePort === undefined ? DEFAULT_PORT : parsePort(remotePort, services);
  for (const arg of [local, remote]) {
    if (arg !== undefined) checkHost(arg, family);
  }
  if (local !== undefined && remote !== undefined && familiesDiffer(local.value, remote.value)) {
    const text = `${remote.typed} ${remote.value} cannot be reached from ${local.typed} ${local.value}`;
    notes.push({ level: LOG_WARNING, text: `${text}: different address families` });
  }
  return {
    family,
    local: { host: local?.value, port },
    remote: remote === undefined ? undefined : { host: remote.value, port: peerPort },
  };
}

function parseFamily(args: ArgumentSet): AddressFamily {
  const ipv4 = args.last("ipv4-only");
  const ipv6 = args.last("ipv6-only");
  if (ipv4 !== undefined && ipv6 !== undefined) {
    throw new UsageError(`${ipv4.typed} ${ipv6.typed}`, undefined, "mutually exclusive; expected one of them or none");
  }
  if (ipv4 !== undefined) return "ipv4";
  return ipv6 === undefined ? "any" : "ipv6";
}

/** Refuses what can never be resolved; whether a name exists is the resolver's business. */
function checkHost(arg: Argument, family: AddressFamily): void {
  const literal = isIP(arg.value);
  if (literal === 0) {
    if (/[:/[\]%,]/.test(arg.value) || arg.value.length > MAX_HOST_LENGTH) {
      throw new UsageError(arg.typed, arg.value, "expected a host name or an IP address");
    }
  } else if (family !== "any" && literal !== (family === "ipv4" ? 4 : 6)) {
    const wanted =
      family === "ipv4" ? "expected an IPv4 address because of -4" : "expected an IPv6 address because of -6";
    throw new UsageError(arg.typed, arg.value, wanted);
  }
}

function familiesDiffer(a: string, b: string): boolean {
  return isIP(a) !== 0 && isIP(b) !== 0 && isIP(a) !== isIP(b);
}
