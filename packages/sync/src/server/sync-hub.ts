/**
 * The server without its sockets: gives every client the snapshot, then every change. It owns the clients from `accept` on.
 */
import type { Duplex } from "node:stream";
import { KindCounter, LinkCounter, type LinkCounts } from "../counts.ts";
import type { EntryKey } from "../state/cluster-table.ts";
import { type Extension, encodeExtension, type Hello } from "../wire/extension.ts";
import { frameText } from "../wire/frame.ts";
import { type ClientEnd, type ClientLimits, type ServedClient, ServerClient } from "./server-client.ts";

export interface HubEvents {
  /** One of our own nodes, or tools, has connected. */
  hello?(hello: Hello, from: string): void;
  /** A client is gone. */
  ended?(end: ClientEnd, from: string): void;
}

export interface HubOptions {
  /** What a new client gets first; asked for at each connect, so whoever provides it keeps it until it changes. */
  snapshot(): readonly Uint8Array[];
  /** The answer to a client's hello; without it the hub speaks no extensions. */
  hello?(): Hello;
  /** What a client that has said hello gets besides the snapshot; asked for when it is about to be written. */
  welcome?(): readonly Extension[];
  readonly events?: HubEvents;
  readonly limits?: Partial<ClientLimits>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export interface HubStatus {
  readonly clients: readonly ServedClient[];
  /** Over all clients since the start. */
  readonly counts: LinkCounts;
  /** Clients that are gone. */
  readonly ended: ReadonlyMap<ClientEnd, number>;
}

const DEFAULT_LIMITS: ClientLimits = { queueBytes: 64 * 1024 * 1024, stallMs: 60_000 };
const CHECK_MS = 5000;

export class SyncHub {
  readonly #options: HubOptions;
  readonly #limits: ClientLimits;
  readonly #now: () => number;
  readonly #clients = new Set<ServerClient>();
  readonly #counts = new LinkCounter();
  readonly #ended = new KindCounter<ClientEnd>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#now = options.now ?? (() => performance.now());
  }

  /** Connected clients. */
  get size(): number {
    return this.#clients.size;
  }

  get status(): HubStatus {
    const now = this.#now();
    const clients = Array.from(this.#clients, (client) => client.status(now));
    return { clients, counts: { ...this.#counts }, ended: this.#ended.all() };
  }

  /** Takes over a connection; a hub that was closed destroys it. @param from how the client is called in events */
  accept(stream: Duplex, from: string): void {
    if (this.#isClosed) {
      stream.on("error", () => undefined);
      stream.destroy();
      return;
    }
    const { events, hello, welcome = () => [] } = this.#options;
    const client = new ServerClient(
      stream,
      from,
      this.#counts,
      this.#options.snapshot(),
      this.#limits,
      {
        hello: (heard) => {
          if (hello === undefined) return;
          client.welcome(heard, () => encodeAll([hello(), ...welcome(), { type: "complete" }]));
          events?.hello?.(heard, from);
        },
        ended: (end) => {
          this.#clients.delete(client);
          this.#ended.add(end);
          if (this.#clients.size === 0) this.#stopChecking();
          events?.ended?.(end, from);
        },
      },
      this.#now(),
    );
    this.#clients.add(client);
    this.#timer ??= setInterval(() => this.check(), CHECK_MS).unref();
  }

  /** The new state of an entry, to everybody. @param behind follows it for those that have said hello */
  push(key: EntryKey, frames: Uint8Array, ...behind: readonly Extension[]): void {
    const all = behind.length === 0 ? frames : Buffer.concat([frames, encodeAll(behind)]);
    for (const client of this.#clients) client.put(key, client.isOurs ? all : frames);
  }

  /** To those that have said hello, in place of what waits for them under the same key. */
  pushExtension(key: EntryKey, ...extensions: readonly Extension[]): void {
    this.pushExtensions([[key, extensions]]);
  }

  /** Many at once: they leave together. */
  pushExtensions(items: Iterable<readonly [EntryKey, readonly Extension[]]>): void {
    if (this.#clients.size === 0) return;
    const now = this.#now();
    for (const [key, extensions] of items) {
      const frames = encodeAll(extensions);
      for (const client of this.#clients) client.putExtension(key, frames, now);
    }
    for (const client of this.#clients) client.flush();
  }

  /** Cuts off who takes nothing; also done by a timer while there are clients. */
  check(): void {
    const now = this.#now();
    for (const client of this.#clients) client.check(now);
  }

  /** Closes every connection. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#stopChecking();
    for (const client of this.#clients) client.close("server closed");
  }

  #stopChecking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function encodeAll(extensions: readonly Extension[]): Uint8Array {
  return Buffer.from(extensions.map((extension) => frameText(encodeExtension(extension))).join(""), "latin1");
}
