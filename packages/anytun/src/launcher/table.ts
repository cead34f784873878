/** The table that a control daemon hands out: the clients of `conf.d`, one after another. */
import { type ClientEntry, clientEntryText, findClient, parseClientEntry } from "../cluster/client-entry.ts";
import type { ClientEnvironment } from "../config/clients.ts";
import { leftOut, parseClients, type TunnelFiles } from "../config/tunnel-dir.ts";
import { parseOptionFile } from "../config/tunnel-file.ts";
import type { Lookup } from "../daemon/resolver.ts";

export interface TableEnvironment extends Pick<ClientEnvironment, "services" | "readSecretFile"> {
  readonly lookup: Lookup;
  /** Hears the name of every file that is in the table. */
  tell(name: string): void;
  /** Hears what is left out or doubtful, a line each. */
  complain(text: string): void;
}

/** A client that cannot be used is left out and told; the others have their lines. */
export async function clientTable(files: TunnelFiles, environment: TableEnvironment): Promise<string> {
  const { complain, lookup, tell, ...sources } = environment;
  const { list, notes } = parseClients(files.clients ?? [], parseOptionFile(files.config, "literal").args, files.dir);
  for (const { text } of [...files.notes, ...notes]) complain(text);
  const clientSources: ClientEnvironment = {
    ...sources,
    bytesOf: (arg) => arg.bytes ?? new Uint8Array(Buffer.from(arg.value)),
    // a client's secret stands in its own file: one from elsewhere would be that of all
    secretVariables: {},
    readCredential: () => undefined,
  };
  const textOf = async (entry: ClientEntry): Promise<string> => clientEntryText(entry, await findClient(entry, lookup));
  const entries = list.map(async ({ path, args }) => {
    try {
      const text = await textOf(parseClientEntry(args, clientSources));
      return { name: path.slice(path.lastIndexOf("/") + 1), text };
    } catch (error) {
      complain(leftOut(error, path).text);
      return undefined;
    }
  });
  const usable = (await Promise.all(entries)).filter((entry) => entry !== undefined);
  for (const { name } of usable) tell(name);
  return usable.map(({ text }) => text).join("");
}
