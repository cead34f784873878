/** Clients of a server that serves them by itself: files of `conf.d` → connections and routes. */
import { DEFAULT_SUITE, effectiveSuite, type Routing } from "satp-core";
import { AnytunError, quoted } from "../errors.ts";
import { LOG_ERROR, LOG_WARNING } from "../log/level.ts";
import { ArgumentSet } from "./argument-set.ts";
import type { ClientConfig, Config, StartNote } from "./config.ts";
import { parseEndpoints } from "./endpoints.ts";
import { parseKeys, parseRole, parseSuite, parseWindowSize } from "./protection.ts";
import { parseRoutes } from "./routes.ts";
import { findSecrets, type SecretSources } from "./secrets.ts";
import { type ClientArguments, leftOut } from "./tunnel-dir.ts";
import { parseNumber, type ServiceLookup } from "./values.ts";

export interface ClientEnvironment extends SecretSources {
  readonly services: ServiceLookup;
}

interface ParsedClient extends ClientConfig {
  readonly path: string;
}

export type Clients = readonly [ClientConfig, ...ClientConfig[]];

/**
 * One that cannot be used is left out with a note. Of several with one mux the last counts, as it always did.
 * @param notes get what is wrong, with file and line
 * @returns undefined without files
 * @throws AnytunError `usage` when there are files and none can be used
 */
export function clientsOf(
  files: readonly ClientArguments[],
  environment: ClientEnvironment,
  notes: StartNote[],
): Clients | undefined {
  // a client's secret stands in its own file: one from elsewhere would be that of all
  const sources = { ...environment, secretVariables: {}, readCredential: () => undefined };
  const byMux = new Map<number, ParsedClient>();
  for (const file of files) {
    try {
      const client = parseClient(file, sources, notes);
      const other = byMux.get(client.mux);
      if (other !== undefined) {
        const text = `${quoted(client.path)}: the same mux ${client.mux} as ${quoted(other.path)}, which is left out`;
        notes.push({ level: LOG_WARNING, text });
      }
      byMux.set(client.mux, client);
    } catch (error) {
      notes.push(leftOut(error, file.path));
    }
  }
  const [first, ...others] = Array.from(byMux.values(), ({ path: _, ...client }) => client);
  if (first !== undefined) return [first, ...others];
  requireClient(notes);
  return undefined;
}

/**
 * To be asked when no client is left: one by one they may fail, not all of them.
 * @throws AnytunError `usage` with what is wrong with the first
 */
export function requireClient(notes: readonly StartNote[]): void {
  const reason = notes.find(({ level }) => level === LOG_ERROR)?.text;
  if (reason !== undefined) throw new AnytunError("usage", `conf.d: no client can be used; ${reason}`);
}

function parseClient(
  { path, args }: ClientArguments,
  environment: ClientEnvironment,
  notes: StartNote[],
): ParsedClient {
  const found: StartNote[] = [];
  const client = { path, ...parseClientOptions(new ArgumentSet(args), environment, found) };
  for (const { level, text } of found) {
    if (level <= LOG_WARNING) notes.push({ level, text: `${quoted(path)}: ${text}` });
  }
  return client;
}

/** One connection by the options that describe it. @throws UsageError for the first whose value cannot be used */
export function parseClientOptions(
  args: ArgumentSet,
  environment: ClientEnvironment,
  notes: StartNote[],
): ClientConfig {
  const { kdPrf } = parseSuite(args, notes);
  const mux = args.last("mux");
  const { remote, family } = parseEndpoints(args, environment.services, notes);
  return {
    mux: mux === undefined ? 0 : parseNumber(mux, 0, 65_535),
    role: parseRole(args),
    kdPrf,
    keys: parseKeys(findSecrets(args, environment, notes), { ...DEFAULT_SUITE, kdPrf }),
    windowSize: parseWindowSize(args, notes),
    remote,
    family,
    routes: parseRoutes(args),
  };
}

type OwnConfig = Pick<Config, "device" | "remote" | "mux" | "suite" | "role">;

/**
 * What a server is beside its clients. Packets go by their destination as soon as there are networks to choose from; a
 * single client without any gets them all.
 * @param keysOf the server's own, needed only where it has a peer of its own
 */
export function serverConfig<Own extends OwnConfig>(
  own: Own,
  clients: Clients,
  keysOf: () => Config["keys"],
  notes: StartNote[],
): Own & Pick<Config, "routing" | "mux" | "suite" | "keys"> {
  const [first] = clients;
  const isSingle = clients.length === 1 && own.remote === undefined && first.routes.length === 0;
  const routing: Routing = own.device.kind === "tun" && !isSingle ? "routes" : "single";
  if (routing === "routes") {
    for (const { mux, routes } of clients) if (routes.length === 0) notes.push(unreachable(mux));
  } else if (!isSingle) {
    const text = "Ethernet frames have no routes: all go to the client with the lowest mux";
    notes.push({ level: LOG_WARNING, text });
  }
  const mux = isSingle ? first.mux : own.mux;
  if (own.remote !== undefined) return { ...own, routing, mux, keys: keysOf() };
  return { ...own, routing, mux, suite: effectiveSuite({ ...own.suite, kdPrf: first.kdPrf }), keys: first.keys };
}

function unreachable(mux: number): StartNote {
  return { level: LOG_WARNING, text: `client with mux ${mux}: no route leads to it; nothing will be sent to it` };
}

/** Of a server without a peer of its own. */
export const unusedSecret: StartNote = {
  level: LOG_WARNING,
  text: "the server's own secret is not used: each client has its own",
};
