/**
 * Nodes of a cluster without sockets, on clocks that have nothing in common: what one tells another waits until the test delivers
 * it. The data plane is the product's, without packets: a peer is heard when the test says so.
 */
import {
  cipherContext,
  DEFAULT_SUITE,
  endpointOf,
  formatEndpoint,
  nodeBatchCipher,
  parseAddress,
  sameEndpoint,
  type Tunnel,
} from "satp-core";
import { decodeCommand, decodeExtension, type Entry, type Extension, encodeExtension, FrameReader } from "satp-sync";
import { Connections } from "../../src/daemon/connections/connections.ts";
import { NOTHING_CONFIGURED } from "../../src/daemon/connections/desired-state.ts";
import { Inbox } from "../../src/daemon/sync/inbox.ts";
import { Outbox } from "../../src/daemon/sync/outbox.ts";
import type { Source } from "../../src/daemon/sync/source.ts";
import type { Report } from "../../src/data-plane/messages.ts";
import { PlaneConnections, planeTunnel } from "../../src/data-plane/plane-connections.ts";
import { PlaneReporter } from "../../src/data-plane/reporter.ts";
import { RateLimiter } from "../../src/log/rate-limiter.ts";
import { definition, keysOf } from "./cluster-node.ts";
import { MemoryBook } from "./memory-book.ts";
import { memoryLog } from "./memory-log.ts";

export type Message = Entry | Extension;

/** The time of all nodes, which none of them knows. */
export interface SimulatedTime {
  nowMs: number;
}

export class SimulatedNode {
  readonly connections: Connections;
  readonly inbox: Inbox;
  /** What was told to those that are connected. */
  readonly links = new Set<SimulatedLink>();
  readonly hello: Extension;
  readonly #outbox: Outbox;
  readonly #plane: PlaneConnections;
  readonly #tunnel: Tunnel;
  readonly #now: () => number;
  readonly #isOriginal: boolean;

  /** @param muxes connections that its configuration has @param isOriginal tells what an original tells */
  constructor(id: number, time: SimulatedTime, muxes: readonly number[], isOriginal = false) {
    const offsetMs = 1e6 * id * id;
    this.#isOriginal = isOriginal;
    this.#now = () => time.nowMs + offsetMs;
    const clock = { now: this.#now, sleep: () => new Promise<void>(() => undefined) };
    const { log } = memoryLog();
    this.hello = { type: "hello", version: 2, node: `node${id}`, sender: { id, role: 0 } };
    this.connections = new Connections({
      ...{ routing: "routes", kind: "tun", book: new MemoryBook(), log, clock },
      follow: () => ({ close: () => undefined }),
    });
    const sample = { context: cipherContext(DEFAULT_SUITE, keysOf("one"), "left"), windowSize: 0 };
    const reporter = new PlaneReporter((report) => this.#report(report), []);
    this.#tunnel = planeTunnel({ kind: "tun", mux: 0, routing: "routes", sample, keepAlive: undefined }, reporter);
    this.#plane = new PlaneConnections(this.#tunnel, nodeBatchCipher(), (peer) => reporter.endpointKept(peer));
    const connections = muxes.map((mux) => ({ ...definition(mux), remote: undefined, family: "any" as const }));
    this.connections.configure({ ...NOTHING_CONFIGURED, connections });
    this.#outbox = new Outbox(this.connections, clock);
    this.#outbox.add({ hub: this.#hub(), secrets: true });
    this.inbox = new Inbox({
      connections: this.connections,
      own: () => ({ kdPrf: "aes-ctr-128", keys: keysOf("one") }),
      sockets: [{ family: 4, id: 0 }],
      noteNumber: (number, isOwn) => {
        this.#outbox.followOriginals(this.inbox.hasSendingOriginals);
        this.#outbox.noteNumber(number, isOwn);
      },
      answer: (mux) => this.#outbox.answer(mux),
      withdrawAgain: (entry) => this.#outbox.withdrawAgain(entry),
      clock,
      lines: new RateLimiter(log, () => clock.now()),
    });
    for (const command of this.connections.firstCommands()) this.#plane.obey(command);
    this.connections.attach({ command: (command) => this.#plane.obey(command) });
  }

  /** A packet that only the peer can have made has come from there. */
  hear(mux: number, host: string): void {
    const peer = this.#tunnel.peer(mux);
    if (peer === undefined) return;
    const endpoint = endpointOf(parseAddress(host), 4444);
    const isMoved = !sameEndpoint(peer.endpoint, 0, endpoint, 0);
    peer.setEndpoint(endpoint);
    peer.endpointHeardMs = this.#now();
    if (!isMoved) return;
    this.connections.onEvent({ type: "endpoint-moved", mux, endpoint, heardMs: this.#now() });
  }

  /** Where its packets to a peer go. */
  at(mux: number): string | undefined {
    const peer = this.#tunnel.peer(mux);
    return peer?.reachable === true ? formatEndpoint(peer.endpoint) : undefined;
  }

  /** Where its tables have the peer. */
  table(mux: number): string | undefined {
    const endpoint = this.connections.get(mux)?.endpoint;
    return endpoint === undefined ? undefined : formatEndpoint(endpoint);
  }

  /** What happens each second. */
  tick(): void {
    this.inbox.tick();
    this.#outbox.followOriginals(this.inbox.hasSendingOriginals);
    this.#outbox.tellTime();
  }

  /** What who connects gets. */
  dump(): Message[] {
    const messages: Message[] = [];
    for (const piece of this.#outbox.snapshot(true)) {
      new FrameReader().push(piece, (archive) => {
        const command = decodeCommand(archive);
        if (command.type === "connection" || command.type === "route") messages.push(command);
        return true;
      });
    }
    if (this.#isOriginal) return messages;
    return [...messages, this.hello, ...this.#outbox.places(), { type: "complete" }];
  }

  close(): void {
    this.connections.close();
  }

  #report(report: Report): void {
    if (report.type === "endpoint-kept") this.connections.onEvent(report);
  }

  #hub(): Parameters<Outbox["add"]>[0]["hub"] {
    const tell = (messages: readonly Message[]): void => {
      for (const link of this.links) link.waiting.push(...messages);
    };
    const tellOurs = (extensions: readonly Extension[]): void => {
      if (!this.#isOriginal) tell(extensions);
    };
    const { links } = this;
    return {
      get size() {
        return links.size;
      },
      push: (_, frames, ...behind) => {
        new FrameReader().push(frames, (archive) => {
          const command = decodeCommand(archive);
          if (command.type === "connection" || command.type === "route") tell([command]);
          return true;
        });
        tellOurs(behind);
      },
      pushExtension: (_, ...extensions) => tellOurs(extensions),
      pushExtensions: (items) => {
        for (const [, extensions] of items) tellOurs(extensions);
      },
      close: () => undefined,
    };
  }
}

/** One node follows another. */
export class SimulatedLink {
  readonly waiting: Message[] = [];
  readonly #server: SimulatedNode;
  readonly #source: Source;

  constructor(server: SimulatedNode, client: SimulatedNode) {
    this.#server = server;
    this.#source = client.inbox.source("server");
  }

  get isUp(): boolean {
    return this.#server.links.has(this);
  }

  connect(): void {
    if (this.isUp) return;
    this.#server.links.add(this);
    this.#source.connected();
    this.waiting.push(...this.#server.dump());
  }

  /** What was under way is lost. */
  cut(): void {
    if (!this.isUp) return;
    this.#server.links.delete(this);
    this.waiting.length = 0;
    this.#source.lost();
  }

  /** The message that waits longest arrives; false when there is none. */
  deliver(): boolean {
    const message = this.waiting.shift();
    if (message === undefined) return false;
    if (message.type === "connection" || message.type === "route") this.#source.entry(message);
    else {
      // what an extension says crosses the wire in whole milliseconds
      const command = decodeCommand(Buffer.from(encodeExtension(message), "latin1"));
      const extension = command.type === "unknown" ? decodeExtension(command) : undefined;
      if (extension !== undefined) this.#source.extension(extension);
    }
    return true;
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
