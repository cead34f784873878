/**
 * A tunnel of a configuration directory: DIR/NAME/config, DIR/NAME/post-up.sh and DIR/NAME/conf.d → the arguments of a
 * command line. Pure: reading is done by `readTunnelFiles`.
 */
import type { Argument, TunnelReference } from "../cli/arguments.ts";
import type { OptionName } from "../cli/options.ts";
import { errorText } from "../error-text.ts";
import { AnytunError, quoted } from "../errors.ts";
import { LOG_ERROR } from "../log/level.ts";
import type { StartNote } from "./config.ts";
import { type OptionFile, parseOptionFile } from "./tunnel-file.ts";

/** What was found, unparsed. */
export interface TunnelFiles {
  /** DIR/NAME. */
  readonly dir: string;
  readonly config: OptionFile;
  /** Path of post-up.sh where there is one. */
  readonly postUpScript: string | undefined;
  /** Files of conf.d in the order of their names; absent without conf.d. */
  readonly clients: readonly OptionFile[] | undefined;
  /** What was passed over while reading. */
  readonly notes: readonly StartNote[];
}

/** One file of conf.d. */
export interface ClientArguments {
  readonly path: string;
  readonly args: readonly Argument[];
}

export interface TunnelArguments {
  readonly args: readonly Argument[];
  /**
   * Connections that this daemon serves by itself; absent when a control daemon hands them out (`control-host` or
   * `sync-hosts` among the arguments) and when there is no conf.d.
   */
  readonly clients: readonly ClientArguments[] | undefined;
  readonly notes: readonly StartNote[];
}

/** The connection of a client is described by these; everything else belongs to the daemon. */
const CLIENT_OPTIONS: ReadonlySet<OptionName> = new Set([
  "remote-host",
  "remote-port",
  "ipv4-only",
  "ipv6-only",
  "route",
  "mux",
  "window-size",
  "kd-prf",
  "role",
  "passphrase",
  "key",
  "salt",
  "passphrase-file",
  "key-file",
  // of anytun-config, which reads the same files; they change nothing about the connection
  "log",
  "debug",
]);

/**
 * The words of the directory take the place of its name: what stands before them loses against them, what stands behind
 * them wins. Only post-up.sh goes before everything.
 * @param words arguments of the command line
 * @throws AnytunError `usage` for a config that cannot be used; a client that cannot be used is left out with a note
 */
export function tunnelArguments(
  words: readonly Argument[],
  { at }: TunnelReference,
  files: TunnelFiles,
): TunnelArguments {
  const config = parseOptionFile(files.config, "literal");
  const args = [...postUp(files), ...words.slice(0, at), ...config.args, ...words.slice(at)];
  const notes = [...files.notes, ...config.notes];
  const isServedElsewhere = args.some(({ name }) => name === "control-host" || name === "sync-hosts");
  if (files.clients === undefined || isServedElsewhere) return { args, clients: undefined, notes };
  const clients = parseClients(files.clients, config.args, files.dir);
  return { args, clients: clients.list, notes: [...notes, ...clients.notes] };
}

export interface ParsedClients {
  readonly list: readonly ClientArguments[];
  readonly notes: readonly StartNote[];
}

/**
 * @param config kd-prf is common to the clients and stands there
 * @param base relative paths of secrets are looked up here
 */
export function parseClients(files: readonly OptionFile[], config: readonly Argument[], base: string): ParsedClients {
  const common = config.filter(({ name }) => name === "kd-prf");
  const list: ClientArguments[] = [];
  const notes: StartNote[] = [];
  for (const file of files) {
    try {
      const { args, notes: warnings } = parseOptionFile(file, "xargs", base);
      const alien = args.find(({ name }) => !CLIENT_OPTIONS.has(name));
      if (alien !== undefined) throw new AnytunError("usage", `${alien.typed}: not an option of a client`);
      notes.push(...warnings);
      list.push({ path: file.path, args: [...args, ...common] });
    } catch (error) {
      notes.push(leftOut(error));
    }
  }
  return { list, notes };
}

/** Copies that editors and package managers leave behind. */
export function isBackupName(name: string): boolean {
  return /~$|^#.*#$|\.(bak|old|orig|rej|save|sw[a-z]|rpm(save|new|orig)|(dpkg|ucf)-[a-z]+)$/.test(name);
}

/**
 * Of a file of conf.d that cannot be used.
 * @param path where the error does not say it
 */
export function leftOut(error: unknown, path?: string): StartNote {
  const text = errorText(error);
  const place = path === undefined || text.startsWith(path) ? "" : `${quoted(path)}: `;
  return { level: LOG_ERROR, text: `client left out: ${place}${text}` };
}

function postUp({ postUpScript, dir }: TunnelFiles): Argument[] {
  if (postUpScript === undefined) return [];
  return [{ name: "post-up-script", typed: dir, value: postUpScript, index: -1 }];
}
