/** One client of a cluster, as anytun-config describes it → the frames of its connection and its routes. */
import { keyBytes } from "satp-core";
import {
  type ConnectionCommand,
  encodeCommand,
  frameText,
  type HostAddress,
  parseHostAddress,
  safeRoutes,
  UNSPECIFIED4,
  UNSPECIFIED6,
} from "satp-sync";
import type { Argument } from "../cli/arguments.ts";
import { ArgumentSet } from "../config/argument-set.ts";
import { type ClientEnvironment, parseClientOptions } from "../config/clients.ts";
import type { ClientConfig } from "../config/config.ts";
import { DEFAULT_PORT } from "../config/endpoints.ts";
import { parsePort } from "../config/values.ts";
import type { Address, Lookup } from "../daemon/resolver.ts";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";

/** Everything but the address, which may have to be looked up. */
export interface ClientEntry extends ClientConfig {
  /** Also of a client whose place is not known. */
  readonly port: number;
}

/** @throws UsageError for the first option whose value cannot be used */
export function parseClientEntry(list: readonly Argument[], environment: ClientEnvironment): ClientEntry {
  const args = new ArgumentSet(list);
  const port = args.lastWord("remote-port");
  return {
    ...parseClientOptions(args, environment, []),
    port: port === undefined ? DEFAULT_PORT : parsePort(port, environment.services),
  };
}

/** How long a name may take: whoever starts a server waits for it. */
const LOOKUP_MS = 15_000;

/**
 * The address of the client: looked up once, the first answer counts.
 * @throws AnytunError `start` when there is none, or none in time
 */
export async function findClient({ remote, family }: ClientEntry, lookup: Lookup): Promise<HostAddress> {
  if (remote === undefined) return family === "ipv6" ? UNSPECIFIED6 : UNSPECIFIED4;
  let answers: readonly Address[];
  try {
    answers = await within(LOOKUP_MS, lookup(remote.host, family));
  } catch (error) {
    throw new AnytunError("start", `-r ${remote.host}: cannot be resolved: ${errorText(error)}`, { cause: error });
  }
  for (const { address } of answers) {
    const host = parseHostAddress(address);
    if (host !== undefined) return host;
  }
  throw new AnytunError("start", `-r ${remote.host}: has no address that can be used`);
}

/**
 * The connection and its routes, each frame with a line feed. Prefixes that would stop an original are several frames.
 * @param host where the client is, or an unspecified address
 */
export function clientEntryText(entry: ClientEntry, host: HostAddress): string {
  const { mux, role, kdPrf, keys, windowSize, port, routes } = entry;
  const connection: ConnectionCommand = {
    type: "connection",
    mux,
    role: role === "left" ? 0 : 1,
    keyBits: keyBytes(kdPrf) * 8,
    salt: keys.masterSalt,
    key: keys.masterKey,
    windowSize,
    sequence: 0,
    host,
    port,
  };
  const commands = [connection, ...routes.flatMap((route) => safeRoutes({ type: "route", ...route, mux }))];
  return commands.map((command) => `${frameText(encodeCommand(command))}\n`).join("");
}

function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} seconds`)), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
