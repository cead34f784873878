/**
 * The server of anytun-controld: a table from a file, to every client at once, and its changes to those that are
 * connected. A table that cannot be used leaves the one before it in place.
 */
import {
  type ClusterTls,
  type EntryKey,
  EXTENSION_VERSION,
  type Extension,
  listenSync,
  SyncError,
  SyncHub,
  type SyncListener,
  safeRoutes,
} from "satp-sync";
import type { Clock } from "../daemon/clock.ts";
import type { Lookup } from "../daemon/resolver.ts";
import { errorReason, errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import { isPublic, type ListenWish, listenAddresses } from "./listen-address.ts";
import { SyncServerLog } from "./sync-server-log.ts";
import { latestEntries, parseTableFile, type TableEntry, type TableFile } from "./table-file.ts";
import type { TableSource } from "./table-source.ts";
import { expiryWarning } from "./tls-files.ts";

export interface ControldOptions {
  readonly path: string;
  readonly source: TableSource;
  readonly listen: ListenWish;
  readonly tls: ClusterTls | undefined;
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often the file is looked at. It is read when it is another one, and was the same twice. */
const LOOK_MS = 1000;

export class Controld {
  readonly #options: ControldOptions;
  readonly #hub: SyncHub;
  readonly #serverLog: SyncServerLog;
  readonly #stop = new AbortController();
  #listener: SyncListener | undefined;
  #table: TableFile;
  #pieces: readonly Uint8Array[];
  #stamp: string | undefined;

  private constructor(options: ControldOptions, table: TableFile, stamp: string | undefined) {
    this.#options = options;
    this.#table = table;
    this.#pieces = piecesOf(table);
    this.#stamp = stamp;
    this.#serverLog = new SyncServerLog(options.log, options.clock);
    this.#hub = new SyncHub({
      snapshot: () => this.#pieces,
      hello: () => ({ type: "hello", version: EXTENSION_VERSION, node: "anytun-controld", sender: undefined }),
      events: this.#serverLog.hubEvents,
    });
  }

  /** @throws AnytunError `start` for a file that cannot be used, or an address that cannot be listened on */
  static async start(options: ControldOptions): Promise<Controld> {
    const { path, source, log } = options;
    const stamp = source.stamp();
    const controld = new Controld(options, parseTableFile(path, source.read()), stamp);
    controld.#report("serving");
    if (controld.#hasSecrets() && source.isOpenToAll()) {
      log.warning(`${path}: every user of this host can read the keys in it; chmod 600 is enough for this daemon`);
    }
    try {
      await controld.#listen();
    } catch (error) {
      await controld.close();
      if (!(error instanceof SyncError)) throw error;
      log.error(`sync server bind/listen failed: bind: ${errorReason(error.cause)}`);
      throw new AnytunError("start", `cannot listen on ${error.message}`, { cause: error });
    }
    void controld.#watch();
    return controld;
  }

  /** Ports in the order of the addresses. */
  get ports(): readonly number[] {
    return this.#listener?.ports ?? [];
  }

  /** Clients that are connected. */
  get clients(): number {
    return this.#hub.size;
  }

  /** Reads the file again and tells the clients what is new, changed and gone; false when it cannot be used. */
  reload(): boolean {
    const { path, source, log } = this.#options;
    const stamp = source.stamp();
    let table: TableFile;
    try {
      table = parseTableFile(path, source.read());
    } catch (error) {
      log.error(`${errorText(error)}; the table stays as it was`);
      this.#stamp = stamp;
      return false;
    }
    const old = latestEntries(this.#table);
    const now = latestEntries(table);
    this.#table = table;
    this.#pieces = piecesOf(table);
    this.#stamp = stamp;
    for (const [key, { frames }] of now) {
      const before = old.get(key);
      if (before === undefined || !Buffer.from(before.frames).equals(frames)) this.#hub.push(key, frames);
    }
    for (const [key, item] of old) if (!now.has(key)) this.#withdraw(key, item);
    this.#report("reloaded");
    return true;
  }

  /** Ends every connection. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#hub.close();
    await this.#listener?.close();
    this.#serverLog.finish();
  }

  async #listen(): Promise<void> {
    const { listen, lookup, tls, log } = this.#options;
    const addresses = await listenAddresses(listen, lookup);
    this.#listener = await listenSync(this.#hub, { addresses, tls, events: this.#serverLog.listenEvents });
    const expiry = tls === undefined ? undefined : expiryWarning(tls, Date.now());
    if (expiry !== undefined) log.warning(expiry);
    if (tls === undefined && addresses.some(isPublic)) {
      log.warning(
        "the keys of all clients go in clear to whoever can connect; listen on 127.0.0.1, or use --sync-tls-cert",
      );
    }
  }

  #hasSecrets(): boolean {
    return this.#table.entries.some(({ entry }) => entry.type === "connection" && entry.key.length > 0);
  }

  #withdraw(key: EntryKey, { entry }: TableEntry): void {
    const extensions: Extension[] =
      entry.type === "connection"
        ? [{ type: "withdraw-connection", mux: entry.mux }]
        : safeRoutes(entry).map(({ address, length }) => ({ type: "withdraw-route", address, length }));
    this.#hub.pushExtension(key, ...extensions);
  }

  async #watch(): Promise<void> {
    const { source, clock } = this.#options;
    const { signal } = this.#stop;
    let last = this.#stamp;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return;
      const stamp = source.stamp();
      // somebody may still be writing
      if (stamp !== undefined && stamp === last && stamp !== this.#stamp) this.reload();
      last = stamp;
    }
  }

  #report(verb: string): void {
    const { log, path } = this.#options;
    const { entries, split } = this.#table;
    const connections = entries.filter(({ entry }) => entry.type === "connection").length;
    log.notice(`${verb} ${connections} connections and ${entries.length - connections} routes of ${path}`);
    if (split.length > 0) {
      log.warning(`${path}:${split[0]}: a prefix that stops originals is served in parts (lines: ${split.length})`);
    }
  }
}

/** The file as it is served: all frames in order, nothing between them. */
function piecesOf({ entries }: TableFile): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const step = 256;
  for (let at = 0; at < entries.length; at += step) {
    pieces.push(Buffer.concat(entries.slice(at, at + step).map(({ frames }) => frames)));
  }
  return pieces;
}
