/** One server of the cluster that this node follows: the connection to it, what it says, and what the log says about it. */
import { type Connector, type Hello, SyncClient } from "satp-sync";
import { LOG_WARNING } from "../../log/level.ts";
import type { Logger } from "../../log/logger.ts";
import type { RateLimiter } from "../../log/rate-limiter.ts";
import type { FollowedState } from "./cluster-state.ts";
import type { NodeIdentity } from "./identity.ts";
import type { Inbox } from "./inbox.ts";
import type { Source } from "./source.ts";

export interface FollowedServerOptions {
  /** Host and port, for the log. */
  readonly name: string;
  readonly isTls: boolean;
  readonly connect: Connector;
  readonly identity: NodeIdentity;
  readonly inbox: Inbox;
  /** It has said who it is, and is not this node. */
  readonly meet: (hello: Hello) => void;
  readonly log: Logger;
  readonly lines: RateLimiter;
}

export class FollowedServer {
  /** Resolves when the first try is over, one way or the other. */
  readonly first: Promise<void>;
  /** Resolves when it has told everything. */
  readonly told: Promise<void>;
  readonly #options: FollowedServerOptions;
  readonly #source: Source;
  readonly #client: SyncClient;
  #over: () => void = () => undefined;
  #toldAll: () => void = () => undefined;
  #isSelf = false;
  #isUnreachable = false;
  #hasToldAll = false;
  #node: string | undefined;

  /** Begins at once. */
  constructor(options: FollowedServerOptions) {
    const { name, connect, identity, inbox, log, lines } = options;
    this.#options = options;
    this.#source = inbox.source(name);
    this.first = new Promise((resolve) => {
      this.#over = resolve;
    });
    this.told = new Promise((resolve) => {
      this.#toldAll = resolve;
    });
    this.#client = new SyncClient({
      connect,
      hello: () => identity.hello,
      events: {
        connected: () => {
          this.#isUnreachable = false;
          this.#node = undefined;
          this.#source.connected();
          log.notice(`sync: connected to ${name}`);
        },
        lost: (reason) => {
          this.#over();
          this.#source.lost();
          if (!this.#isSelf) log.notice(`sync: connection to ${name} lost (${reason}) retrying within 10sec`);
        },
        unreachable: (reason) => {
          this.#over();
          if (!this.#isUnreachable) log.warning(`sync: ${name} cannot be reached (${reason}), trying again`);
          this.#isUnreachable = true;
        },
        entry: (entry) => {
          if (!this.#isSelf) this.#source.entry(entry);
        },
        extension: (extension) => {
          if (extension.type === "hello") this.#meet(extension);
          if (!this.#isSelf) this.#source.extension(extension);
          if (extension.type !== "complete") return;
          this.#hasToldAll = true;
          this.#toldAll();
          if (!this.#isSelf) {
            log.notice(`sync: ${name} has told everything: ${this.#source.size} connections and routes`);
          }
          this.#over();
        },
        refused: (why) => {
          lines.note("sync unusable", LOG_WARNING, `sync: left out what ${name} sent: unusable ${why}`);
        },
      },
    });
  }

  get state(): FollowedState {
    const { name, isTls } = this.#options;
    const { refused, ...status } = this.#client.status;
    return {
      server: name,
      isTls,
      ...status,
      isSelf: this.#isSelf,
      node: this.#node,
      hasToldAll: this.#hasToldAll,
      entries: this.#source.size,
      refused: new Map([...refused, ...this.#source.refused]),
    };
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #meet(hello: Hello): void {
    const { name, identity, log, meet } = this.#options;
    this.#node = hello.node;
    this.#isSelf = identity.isSelf(hello);
    if (this.#isSelf) log.info(`sync: ${name} is this node itself`);
    else meet(hello);
  }
}
