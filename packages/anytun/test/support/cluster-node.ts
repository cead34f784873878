/** A node of a cluster without device and data plane: its connections, and its link to the others over loopback. */
import {
  DEFAULT_SUITE,
  deriveMasterKeys,
  endpointOf,
  parseAddress,
  type Role,
  type SequenceRange,
  type Suite,
} from "satp-core";
import type { TlsMaterial } from "satp-sync";
import type { ClusterConfig } from "../../src/config/cluster.ts";
import { systemClock } from "../../src/daemon/clock.ts";
import type { ConnectionDefinition } from "../../src/daemon/connections/connection.ts";
import { Connections } from "../../src/daemon/connections/connections.ts";
import { type ConfiguredState, NOTHING_CONFIGURED } from "../../src/daemon/connections/desired-state.ts";
import type { Route } from "../../src/daemon/connections/route.ts";
import { systemLookup } from "../../src/daemon/resolver.ts";
import { SyncLink, type SyncLinkOptions } from "../../src/daemon/sync/sync-link.ts";
import type { ConnectionCommand } from "../../src/data-plane/messages.ts";
import { clusterStatus } from "../../src/status/cluster-status.ts";
import type { ClusterStatus } from "../../src/status/protocol.ts";
import { MemoryBook } from "./memory-book.ts";
import { memoryLog } from "./memory-log.ts";

export const keysOf = (passphrase: string) => deriveMasterKeys({ suite: DEFAULT_SUITE, passphrase });

export function definition(mux: number, passphrase = "one", role: Role = "left"): ConnectionDefinition {
  return { mux, role, kdPrf: "aes-ctr-128", keys: keysOf(passphrase), windowSize: 0 };
}

export function route(text: string, mux: number): Route {
  const [address = "", length] = text.split("/");
  return { address: parseAddress(address), length: Number(length), mux };
}

export const place = (host: string, port = 4444): Int32Array => endpointOf(parseAddress(host), port);

export interface NodeOptions {
  readonly senderId?: number;
  readonly role?: Role;
  readonly suite?: Suite;
  readonly passphrase?: string | undefined;
  readonly hosts?: readonly number[];
  readonly tls?: TlsMaterial;
  readonly cluster?: Partial<ClusterConfig>;
  readonly state?: Partial<ConfiguredState>;
  readonly peers?: SyncLinkOptions["peers"];
}

export class ClusterNode {
  readonly connections: Connections;
  readonly lines: string[];
  readonly commands: ConnectionCommand[] = [];
  readonly #log: SyncLinkOptions["log"];
  readonly #options: NodeOptions;
  #link: SyncLink | undefined;

  constructor(options: NodeOptions = {}) {
    const { log, lines } = memoryLog();
    this.#options = options;
    this.#log = log;
    this.lines = lines;
    this.connections = new Connections({
      routing: "routes",
      kind: "tun",
      book: new MemoryBook(),
      log,
      clock: systemClock,
      follow: () => ({ close: () => undefined }),
    });
    this.connections.configure({
      ...NOTHING_CONFIGURED,
      ...(options.suite === undefined ? {} : { suite: options.suite }),
      ...options.state,
    });
    this.connections.firstCommands();
    this.connections.attach({ command: (command) => this.commands.push(command) });
  }

  /** Listens; the port is known then. */
  async listen(): Promise<this> {
    const { senderId = 1, role = "left", suite = DEFAULT_SUITE, tls, cluster } = this.#options;
    const passphrase = "passphrase" in this.#options ? this.#options.passphrase : "one";
    const hosts = (this.#options.hosts ?? []).map((port) => ({ host: "127.0.0.1", port, isPlain: tls === undefined }));
    this.#link = await SyncLink.start({
      cluster: {
        listen: { host: "127.0.0.1", port: 0 },
        plainListen: undefined,
        plainSecrets: true,
        tls,
        hosts,
        ...cluster,
      },
      role,
      own: () => ({ kdPrf: suite.kdPrf, keys: passphrase === undefined ? undefined : keysOf(passphrase) }),
      senderId,
      connections: this.connections,
      sockets: [
        { family: 4, id: 0 },
        { family: 6, id: 1 },
      ],
      lookup: systemLookup,
      peers: this.#options.peers ?? (async () => undefined),
      clock: systemClock,
      log: this.#log,
    });
    return this;
  }

  /** Follows the others; rejects as the start of a daemon would. */
  follow(): Promise<void> {
    if (this.#link === undefined) throw new Error("listen first");
    return this.#link.follow();
  }

  async start(): Promise<this> {
    await this.listen();
    await this.follow();
    return this;
  }

  get status(): ClusterStatus | undefined {
    return this.#link === undefined ? undefined : clusterStatus(this.#link.state);
  }

  get port(): number {
    return this.#link?.ports[0] ?? 0;
  }

  get ports(): readonly number[] {
    return this.#link?.ports ?? [];
  }

  /** A packet came from a new place. */
  move(mux: number, host: string, port = 4444, heardMs = systemClock.now()): void {
    this.connections.onEvent({ type: "endpoint-moved", mux, endpoint: place(host, port), heardMs });
  }

  detect(mux: number, host: string): void {
    this.connections.onEvent({ type: "peer-detected", mux, endpoint: place(host), heardMs: systemClock.now() });
  }

  /** Numbers that the data plane was told to use, of one mux. */
  ranges(mux: number): SequenceRange[] {
    return this.commands.flatMap((command) =>
      command.type === "connections"
        ? command.setups.flatMap((setup) => (setup.mux === mux && setup.sequence !== undefined ? [setup.sequence] : []))
        : [],
    );
  }

  async close(): Promise<void> {
    await this.#link?.close();
    this.connections.close();
  }
}
