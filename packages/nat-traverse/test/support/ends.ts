/** The two kinds of programs at the ends of a fake network: ours around a Puncher, and an original as its specification says. */
import type { Diagnosis, Endpoint, HoleEvent } from "../../src/hole-types.ts";
import { Puncher } from "../../src/punch/puncher.ts";
import {
  type Connection,
  MAIN_SOCKETS,
  type PunchAction,
  type PunchOptions,
  sameEndpoint,
} from "../../src/punch/types.ts";
import { ACK, Capability, CLASSIC_BYTES, GARBAGE, readPacket } from "../../src/wire.ts";
import type { Network, Program } from "./network.ts";

export interface EndOptions {
  readonly side: 0 | 1;
  readonly localPort: number;
  readonly peerPort: number;
  readonly window?: number;
  readonly timeout?: number;
  readonly startAt?: number;
}

export class NewEnd implements Program {
  readonly #network: Network;
  readonly #side: 0 | 1;
  readonly #ports = new Map<number, number>();
  readonly #sockets = new Map<number, number>();
  readonly #puncher: Puncher | undefined;
  readonly startAt: number;
  readonly events: HoleEvent[] = [];
  /** Packets of each started second. */
  readonly perSecond: number[] = [];
  connection: Connection | undefined;
  connectedAt = Number.POSITIVE_INFINITY;
  failedAt = Number.POSITIVE_INFINITY;
  diagnosis: Diagnosis | undefined;
  /** Told about a restart of the peer. */
  restarts = 0;
  #wakeAt = Number.POSITIVE_INFINITY;
  #isDead = false;

  constructor(network: Network, options: EndOptions & Partial<PunchOptions>) {
    const { side, localPort, peerPort, window = 10, timeout = 10, startAt = 0, ...rest } = options;
    this.#network = network;
    this.#side = side;
    this.startAt = startAt;
    const peer = { address: network.addressOf(side === 0 ? 1 : 0), port: peerPort };
    this.#bind(0, localPort);
    const session = BigInt(Math.floor(network.random() * 2 ** 50) + 1);
    this.#puncher = new Puncher(
      {
        ...{ peers: [peer], localPort, windowMs: window * 1000, timeoutMs: timeout === 0 ? Infinity : timeout * 1000 },
        ...{ capabilities: Capability.quit, session, spray: true, lowPorts: false, shortTtl: true },
        random: network.random,
        ...rest,
      },
      startAt,
    );
    const puncher = this.#puncher;
    network.at(startAt, () => {
      network.run(side, this);
      this.#carryOut(puncher.start(network.now));
    });
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  get isOver(): boolean {
    return this.isConnected || this.diagnosis !== undefined;
  }

  get isSettled(): boolean {
    return this.#puncher?.isSettled ?? false;
  }

  /** Ends as a killed program does: nothing more is sent, its ports are free. */
  kill(): void {
    this.#isDead = true;
    this.#network.run(this.#side, undefined);
  }

  listensOn(port: number): boolean {
    return this.#sockets.has(port);
  }

  datagram(port: number, from: Endpoint, bytes: Uint8Array): void {
    const socket = this.#sockets.get(port);
    if (socket === undefined || this.#puncher === undefined) return;
    this.#carryOut(this.#puncher.handle({ is: "datagram", socket, from, bytes }, this.#network.now));
  }

  bounced(port: number, to: Endpoint, bytes: Uint8Array, why: "refused" | "expired", by: string): void {
    const socket = this.#sockets.get(port);
    if (socket === undefined || this.#puncher === undefined || this.#isDead) return;
    this.#carryOut(this.#puncher.handle({ is: "bounced", socket, to, bytes, why, by }, this.#network.now));
  }

  #carryOut(actions: readonly PunchAction[]): void {
    const { now } = this.#network;
    for (const action of actions) {
      switch (action.do) {
        case "send": {
          const port = this.#ports.get(action.socket);
          if (port === undefined) break;
          const second = Math.floor((now - this.startAt) / 1000);
          this.perSecond[second] = (this.perSecond[second] ?? 0) + 1;
          this.#network.send(this.#side, port, action.to, action.bytes, action.ttl);
          break;
        }
        case "open":
          this.#bind(
            action.socket,
            action.port === 0 ? 32_768 + Math.floor(this.#network.random() * 28_000) : action.port,
          );
          break;
        case "tell":
          this.events.push(action.event);
          break;
        case "connect":
          this.connection = action.connection;
          this.connectedAt = now;
          break;
        case "restarted":
          this.restarts += 1;
          break;
        case "fail":
          this.diagnosis = action.diagnosis;
          this.failedAt = now;
          this.#network.run(this.#side, undefined);
      }
    }
    this.#schedule();
  }

  #schedule(): void {
    const { now } = this.#network;
    const wakeAt = Math.max(this.#puncher?.wakeAt(now) ?? Infinity, now);
    if (wakeAt === this.#wakeAt || wakeAt === Infinity) return;
    this.#wakeAt = wakeAt;
    this.#network.at(wakeAt, () => {
      if (this.#wakeAt !== wakeAt || this.#isDead || this.#puncher === undefined) return;
      this.#wakeAt = Infinity;
      this.#carryOut(this.#puncher.handle({ is: "wake" }, this.#network.now));
    });
  }

  #bind(socket: number, port: number): void {
    if (socket >= MAIN_SOCKETS && this.#sockets.has(port)) return;
    this.#ports.set(socket, port);
    this.#sockets.set(port, socket);
  }
}

/** Section 3 and 5 of the specification. */
export class OriginalEnd implements Program {
  readonly #network: Network;
  readonly #side: 0 | 1;
  readonly #port: number;
  readonly #peer: Endpoint;
  readonly #queue: Uint8Array[] = [];
  readonly startAt: number;
  #isReading = false;
  #refused = false;
  connectedAt = Number.POSITIVE_INFINITY;
  status: number | undefined;
  /** What it would write to its standard output. */
  readonly output: Buffer[] = [];

  constructor(network: Network, options: EndOptions) {
    const { side, localPort, peerPort, window = 10, timeout = 10, startAt = 0 } = options;
    this.#network = network;
    this.#side = side;
    this.#port = localPort;
    this.#peer = { address: network.addressOf(side === 0 ? 1 : 0), port: peerPort };
    this.startAt = startAt;
    network.at(startAt, () => network.run(side, this));
    for (let i = 0; i < window; i++) network.at(startAt + i * 1000, () => this.#send(GARBAGE));
    network.at(startAt + window * 1000, () => {
      this.#send(ACK);
      this.#isReading = true;
      if (this.#refused) this.#end(111);
      for (const bytes of this.#queue) this.#read(bytes);
    });
    network.at(startAt + (window + timeout) * 1000, () => {
      if (!this.isConnected) this.#end(4);
    });
  }

  get isConnected(): boolean {
    return this.connectedAt < Number.POSITIVE_INFINITY;
  }

  get isOver(): boolean {
    return this.isConnected || this.status !== undefined;
  }

  listensOn(port: number): boolean {
    return port === this.#port && this.status === undefined;
  }

  datagram(_port: number, from: Endpoint, bytes: Uint8Array): void {
    if (!sameEndpoint(from, this.#peer)) return;
    if (this.#isReading) this.#read(bytes);
    else this.#queue.push(bytes);
  }

  bounced(_port: number, to: Endpoint, _bytes: Uint8Array, why: "refused" | "expired"): void {
    if (why !== "refused" || !sameEndpoint(to, this.#peer)) return;
    if (this.#isReading && !this.isConnected) this.#end(111);
    else this.#refused = true;
  }

  /** Data from its standard input. */
  say(text: string): void {
    this.#send(Buffer.from(text));
  }

  #send(bytes: Uint8Array): void {
    if (this.status !== undefined) return;
    if (this.#refused) {
      this.#refused = false;
      return;
    }
    this.#network.send(this.#side, this.#port, this.#peer, bytes);
  }

  #read(bytes: Uint8Array): void {
    if (this.status !== undefined) return;
    if (this.isConnected) this.output.push(Buffer.from(bytes));
    else if (readPacket(bytes.subarray(0, CLASSIC_BYTES)).is === "ack") this.connectedAt = this.#network.now;
  }

  #end(status: number): void {
    if (this.status === undefined) this.status = status;
  }
}
