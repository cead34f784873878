/**
 * The daemon's place in its cluster: serves what it knows, follows the other nodes and control hosts, says who it is.
 * Sockets are bound in `start`, which belongs to the start of the daemon; servers are followed from `follow` on.
 */
import type { KdPrf, MasterKeys, Role } from "satp-core";
import {
  type ClusterTls,
  clusterTls,
  connector,
  type Hello,
  listenSync,
  SyncError,
  SyncHub,
  type SyncListener,
} from "satp-sync";
import { isPublic, type ListenWish, listenAddresses } from "../../cluster/listen-address.ts";
import { SyncServerLog } from "../../cluster/sync-server-log.ts";
import { expiryWarning } from "../../cluster/tls-files.ts";
import type { ClusterConfig, SyncHostConfig } from "../../config/cluster.ts";
import type { PeerPage } from "../../data-plane/peer-page.ts";
import { errorReason } from "../../error-text.ts";
import { AnytunError } from "../../errors.ts";
import { LOG_ERROR } from "../../log/level.ts";
import type { Logger } from "../../log/logger.ts";
import { RateLimiter } from "../../log/rate-limiter.ts";
import type { Clock } from "../clock.ts";
import type { Connections } from "../connections/connections.ts";
import type { LocalSocket } from "../peer-endpoint.ts";
import type { Lookup } from "../resolver.ts";
import type { ClusterState } from "./cluster-state.ts";
import { FollowedServer } from "./followed-server.ts";
import { NodeIdentity } from "./identity.ts";
import { Inbox } from "./inbox.ts";
import { Outbox } from "./outbox.ts";
import { ReplayMarks } from "./replay-marks.ts";

export interface SyncLinkOptions {
  readonly cluster: ClusterConfig;
  readonly role: Role;
  /** As the configuration has them at the moment; absent = no keys. */
  readonly own: () => { readonly kdPrf: KdPrf; readonly keys: MasterKeys | undefined };
  readonly senderId: number;
  readonly connections: Connections;
  readonly sockets: readonly LocalSocket[];
  readonly lookup: Lookup;
  readonly peers: (from: number) => Promise<PeerPage | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
}

const FLUSH_MS = 10_000;
/** How often our own nodes hear what the time is here. */
const TICK_MS = 1000;
/** How long the start waits for the servers that it follows. */
const FIRST_SYNC_MS = 3000;

/** A port with those that it serves. */
interface Served {
  readonly hub: SyncHub;
  readonly listener: SyncListener;
  readonly isTls: boolean;
  readonly hasSecrets: boolean;
}

export class SyncLink {
  readonly #options: SyncLinkOptions;
  readonly #tls: ClusterTls | undefined;
  readonly #identity: NodeIdentity;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #marks: ReplayMarks;
  readonly #lines: RateLimiter;
  readonly #serverLog: SyncServerLog;
  readonly #servers: Served[] = [];
  #followed: readonly FollowedServer[] = [];
  #isReady = false;
  readonly #flush: NodeJS.Timeout;
  readonly #tick: NodeJS.Timeout;
  /** Of a server that this node follows: what a client says of itself stops nobody. */
  #conflict: string | undefined;

  private constructor(options: SyncLinkOptions) {
    const { connections, own, sockets, clock, log, senderId, role, peers } = options;
    this.#options = options;
    const { tls } = options.cluster;
    this.#tls = tls === undefined ? undefined : clusterTls(tls);
    const expiry = this.#tls === undefined ? undefined : expiryWarning(this.#tls, Date.now());
    if (expiry !== undefined) log.warning(expiry);
    const lines = new RateLimiter(log, () => clock.now());
    this.#lines = lines;
    this.#flush = setInterval(() => lines.flush(), FLUSH_MS).unref();
    this.#tick = setInterval(() => {
      this.#inbox.tick();
      this.#outbox.followOriginals(this.#inbox.hasSendingOriginals);
      this.#outbox.tellTime();
    }, TICK_MS).unref();
    this.#serverLog = new SyncServerLog(log, clock);
    this.#identity = new NodeIdentity({ senderId, role, hasKeys: () => own().kdPrf !== "null" });
    this.#outbox = new Outbox(connections, clock);
    this.#inbox = new Inbox({
      connections,
      own,
      sockets,
      noteNumber: (number, isOwn) => {
        this.#outbox.followOriginals(this.#inbox.hasSendingOriginals);
        this.#outbox.noteNumber(number, isOwn);
      },
      answer: (mux) => this.#outbox.answer(mux),
      withdrawAgain: (entry) => this.#outbox.withdrawAgain(entry),
      clock,
      lines: this.#lines,
    });
    this.#marks = new ReplayMarks({
      peers,
      push: (marks) => this.#outbox.pushExtensions(marks),
      isHeard: () => this.#outbox.isHeard,
      count: () => connections.size,
      clock,
    });
  }

  /** @throws AnytunError `start` when a port cannot be listened on; nothing stays open then */
  static async start(options: SyncLinkOptions): Promise<SyncLink> {
    const link = new SyncLink(options);
    try {
      const { listen, plainListen, plainSecrets } = options.cluster;
      const tls = link.#tls;
      if (listen !== undefined) await link.#serve(listen, tls, tls !== undefined || plainSecrets);
      if (plainListen !== undefined) await link.#serve(plainListen, undefined, plainSecrets);
    } catch (error) {
      await link.close();
      throw error;
    }
    return link;
  }

  /** Ports that are listened on. */
  get ports(): readonly number[] {
    return this.#servers.flatMap(({ listener }) => listener.ports);
  }

  get state(): ClusterState {
    const { connections } = this.#options;
    return {
      isReady: this.#isReady,
      connections: connections.size,
      routes: connections.routeCount,
      remote: connections.remoteCounts,
      servers: this.#servers.map(({ hub, listener, isTls, hasSecrets }) => {
        const { endpoints, sentAway } = listener;
        return { ...hub.status, endpoints, isTls, hasSecrets, sentAway };
      }),
      followed: this.#followed.map(({ state }) => state),
    };
  }

  /**
   * Follows the servers from now on, and waits a while for what they say first.
   * @throws AnytunError `start` when one of them is a node that would use the same key streams
   */
  async follow(): Promise<void> {
    void this.#marks.start();
    this.#followed = this.#options.cluster.hosts.map((host) => this.#follow(host));
    const enough = new AbortController();
    await Promise.race([this.#firstSync(), this.#options.clock.sleep(FIRST_SYNC_MS, enough.signal)]);
    enough.abort();
    if (this.#conflict !== undefined) throw new AnytunError("start", this.#conflict);
    this.#isReady = true;
    this.#tellWhoIsMissing();
  }

  /** Resolves when every server had its chance, and one of them has told everything: a node that knows nothing is of no use. */
  async #firstSync(): Promise<void> {
    await Promise.all(this.#followed.map(({ first }) => first));
    const others = this.#followed.filter(({ state }) => !state.isSelf);
    if (others.length > 0) await Promise.any(others.map(({ told }) => told));
  }

  #tellWhoIsMissing(): void {
    const missing = this.#followed.map(({ state }) => state).filter(({ hasToldAll, isSelf }) => !hasToldAll && !isSelf);
    // originals never say that this is all
    const late = missing.filter(({ state, node }) => state !== "connected" || node !== undefined);
    if (late.length === 0) return;
    this.#options.log.warning(
      `sync: begins without all that ${late.map(({ server }) => server).join(", ")} would have told`,
    );
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#marks.close();
    await Promise.all(this.#followed.map((server) => server.close()));
    this.#outbox.close();
    for (const { listener } of this.#servers) await listener.close();
    clearInterval(this.#flush);
    clearInterval(this.#tick);
    this.#serverLog.finish();
    this.#lines.finish();
  }

  async #serve(wish: ListenWish, tls: ClusterTls | undefined, secrets: boolean): Promise<void> {
    const { lookup, log } = this.#options;
    const hub = new SyncHub({
      snapshot: () => this.#outbox.snapshot(secrets),
      hello: () => this.#identity.hello,
      welcome: () => this.#outbox.places(),
      events: { ...this.#serverLog.hubEvents, hello: (hello, from) => this.#meet(hello, from) },
    });
    this.#outbox.add({ hub, secrets });
    const addresses = await listenAddresses(wish, lookup);
    try {
      const listener = await listenSync(hub, { addresses, tls, events: this.#serverLog.listenEvents });
      this.#servers.push({ hub, listener, isTls: tls !== undefined, hasSecrets: secrets });
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      log.error(`sync server bind/listen failed: bind: ${errorReason(error.cause)}`);
      throw new AnytunError("start", `the cluster port: cannot listen on ${error.message}`, { cause: error });
    }
    if (secrets && tls === undefined && addresses.some(isPublic)) {
      log.warning(
        "the cluster port hands the keys of this node to whoever can connect; use --sync-tls-cert, or -I with an address of a trusted network",
      );
    }
  }

  #follow({ host, port, isPlain }: SyncHostConfig): FollowedServer {
    const { log, lookup } = this.#options;
    const name = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    const tls = isPlain ? undefined : this.#tls;
    return new FollowedServer({
      name,
      isTls: tls !== undefined,
      connect: connector({
        ...{ host, port, tls },
        resolve: async (asked) => (await lookup(asked, "any")).map(({ address }) => address),
      }),
      identity: this.#identity,
      inbox: this.#inbox,
      meet: (hello) => {
        this.#conflict = this.#meet(hello, name) ?? this.#conflict;
      },
      log,
      lines: this.#lines,
    });
  }

  /**
   * One of our own nodes has said who it is.
   * @returns why it must not run beside this one, if so
   */
  #meet(hello: Hello, from: string): string | undefined {
    const conflict = this.#identity.conflict(hello);
    if (conflict === undefined) return undefined;
    const text = `${from}: ${conflict}`;
    this.#lines.note("sync conflict", LOG_ERROR, text);
    return text;
  }
}
