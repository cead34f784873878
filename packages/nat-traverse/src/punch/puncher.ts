/**
 * Opens a hole: what to send, where and when, from start to connection or failure. No I/O and no clock: the caller
 * hands in what happened and when, carries out the actions in their order, and comes back at {@link Puncher.wakeAt}.
 */
import type { Endpoint, HoleEvent } from "../hole-types.ts";
import { ACK, CLASSIC_BYTES, type HandshakePacket, readPacket } from "../wire.ts";
import { Agreement, type Origin, type Way } from "./agreement.ts";
import { Classic } from "./classic.ts";
import { diagnose } from "./diagnosis.ts";
import { Notes } from "./notes.ts";
import { ShortTtl } from "./short-ttl.ts";
import { Spray } from "./spray.ts";
import {
  type Connection,
  FIRST_SPRAY_SOCKET,
  MAIN_SOCKETS,
  type PunchAction,
  type PunchInput,
  type PunchOptions,
  sameEndpoint,
} from "./types.ts";

type Bounced = Extract<PunchInput, { is: "bounced" }>;

/** Data of a peer that is connected before we are. */
const MOST_EARLY = 64;
/** While a new peer knows of us, trying ports out rests for this long after each of its packets. */
const SPRAY_PAUSE_MS = 3_000;
/** From connection until nobody goes on answering. */
const SETTLE_MS = 10_000;
const SECOND_MS = 1_000;
const NOWHERE: Endpoint = { address: "", port: 0 };

export class Puncher {
  readonly #options: PunchOptions;
  readonly startedAt: number;
  readonly #classic: Classic;
  readonly #agreement: Agreement;
  readonly #spray: Spray;
  readonly #shortTtl: ShortTtl;
  readonly #early: Uint8Array[] = [];
  readonly #notes: Notes;
  readonly #lastHelloAt: number[] = [];
  #actions: PunchAction[] = [];
  #isOver = false;
  #connectedAt: number | undefined;
  #windowCount = 0;
  #toldMapping = 0;

  constructor(options: PunchOptions, now: number) {
    this.#options = options;
    this.startedAt = now;
    this.#notes = new Notes(now);
    this.#classic = new Classic(now, options.windowMs, options.peers[0] ?? NOWHERE);
    const { session, capabilities, localPort, peers } = options;
    this.#agreement = new Agreement(session, capabilities, { localPort, peerPort: peers[0]?.port ?? 0 });
    this.#spray = new Spray(options, now);
    this.#shortTtl = new ShortTtl(options, now);
  }

  /** Actions of the start. */
  start(now: number): PunchAction[] {
    return this.#collect(now, () => this.#act(now));
  }

  handle(input: PunchInput, now: number): PunchAction[] {
    return this.#collect(now, () => {
      if (this.#isOver) return;
      if (input.is === "datagram") this.#hear(input, now);
      else if (input.is === "bounced") this.#bounce(input, now);
      this.#act(now);
    });
  }

  /** When `wake` is due; Infinity for never. */
  wakeAt(now: number): number {
    if (this.#isOver) return Number.POSITIVE_INFINITY;
    if (this.#connectedAt !== undefined) {
      if (this.isSettled || now >= this.#connectedAt + SETTLE_MS) return Number.POSITIVE_INFINITY;
      return this.#agreement.dueAt(now);
    }
    return Math.min(
      this.#deadline(),
      ...this.#options.peers.map((_, socket) => this.#helloAt(socket)),
      this.#ackAt(now),
      this.#agreement.level === 0 ? this.#classic.connectedAt() : Number.POSITIVE_INFINITY,
      this.#agreement.dueAt(now),
      this.#isInWindow ? this.startedAt + this.#windowCount * SECOND_MS : Number.POSITIVE_INFINITY,
      this.#sprayAt(),
      this.#hasOpenSearch ? this.#shortTtl.dueAt() : Number.POSITIVE_INFINITY,
    );
  }

  /** Both ends know that both are connected; an original never says. */
  get isSettled(): boolean {
    return this.#connectedAt !== undefined && (this.#agreement.level === 0 || this.#agreement.isSettled);
  }

  /** For the speed at which leftovers of the handshake fade away. */
  get roundTripMs(): number | undefined {
    return this.#agreement.roundTripMs;
  }

  #collect(now: number, work: () => void): PunchAction[] {
    this.#actions = [];
    work();
    if (this.#connectedAt === undefined && !this.#isOver && now >= this.#deadline()) this.#fail(now);
    return this.#actions;
  }

  // What the time has come for.
  #act(now: number): void {
    if (this.#connectedAt !== undefined) {
      if (now < this.#connectedAt + SETTLE_MS) this.#sendDue(now);
      return;
    }
    if (this.#agreement.level === 0 && this.#classic.isConnected(now)) {
      this.#connectOriginal(now);
      return;
    }
    while (this.#isInWindow && now >= this.startedAt + this.#windowCount * SECOND_MS) {
      this.#windowCount += 1;
      this.#tell({ event: "garbage", count: this.#windowCount });
    }
    for (const [socket, peer] of this.#options.peers.entries()) {
      if (now >= this.#helloAt(socket)) this.#hello({ socket, to: peer }, now);
    }
    this.#acknowledge(now);
    if (this.#connectedAt !== undefined) return;
    this.#sendDue(now);
    if (now >= this.#sprayAt()) this.#trySpray(now);
    if (this.#hasOpenSearch) {
      for (const { way, ttl, open } of this.#shortTtl.due(now)) {
        if (open !== undefined)
          this.#actions.push({ do: "open", socket: way.socket, like: open.like, port: open.port });
        this.#send(way, this.#agreement.packetOn(way, now), ttl);
      }
    }
  }

  #helloAt(socket: number): number {
    if (this.#agreement.level >= 2) return Number.POSITIVE_INFINITY;
    const last = this.#lastHelloAt[socket];
    if (last === undefined) return this.startedAt;
    return this.#agreement.level > 0 ? last + SECOND_MS / 2 : this.#classic.garbageAt(last);
  }

  #hello(way: Way, now: number): void {
    this.#lastHelloAt[way.socket] = now;
    this.#send(way, this.#agreement.packetOn(way, now));
  }

  #ackAt(now: number): number {
    if (this.#agreement.level > 0) return Number.POSITIVE_INFINITY;
    return this.#classic.ack(this.#lastHelloAt[0] ?? Number.NEGATIVE_INFINITY, now).at;
  }

  #acknowledge(now: number): void {
    const peer = this.#options.peers[0];
    if (now < this.#ackAt(now) || peer === undefined) return;
    const { because } = this.#classic.ack(this.#lastHelloAt[0] ?? Number.NEGATIVE_INFINITY, now);
    this.#classic.sendAck(now);
    this.#tell({ event: "ack", because });
    this.#send(this.#classic.way ?? { socket: 0, to: peer }, ACK);
    if (this.#classic.isConnected(now)) this.#connectOriginal(now);
  }

  #sendDue(now: number): void {
    for (const { way, bytes } of this.#agreement.due(now)) this.#send(way, bytes);
  }

  // An original cannot be reached in other ways than the plain one.
  get #hasOpenSearch(): boolean {
    return this.#agreement.level < 2 && !this.#classic.hasHeard;
  }

  get #isInWindow(): boolean {
    const isOver = this.#windowCount * SECOND_MS >= this.#options.windowMs;
    return !isOver && this.#agreement.level === 0 && !this.#classic.isOriginal;
  }

  #sprayAt(): number {
    if (!this.#hasOpenSearch) return Number.POSITIVE_INFINITY;
    return Math.max(this.#spray.dueAt(), this.#notes.lastHeardAt + SPRAY_PAUSE_MS);
  }

  #trySpray(now: number): void {
    const wasIdle = !this.#spray.hasBegun;
    for (const step of this.#spray.due(now)) {
      if ("open" in step) this.#actions.push({ do: "open", ...step.open });
      else this.#send(step.way, this.#agreement.packetOn(step.way, now));
    }
    if (wasIdle && this.#spray.hasBegun) this.#tell({ event: "spraying", ...this.#spray.bounds });
  }

  #hear(input: Extract<PunchInput, { is: "datagram" }>, now: number): void {
    const way: Way = { socket: input.socket, to: input.from };
    const packet = readPacket(input.bytes);
    if (packet.is === "handshake") {
      this.#hearHandshake(packet.packet, way, now);
      return;
    }
    if (this.#connectedAt !== undefined) return;
    if (packet.is === "control" || this.#agreement.level > 0) {
      this.#hearConnected(input.bytes, packet.is, way, now);
      return;
    }
    if (!this.#mayBeOriginal(way)) return;
    const isFirst = !this.#classic.hasHeard;
    this.#notes.hear(now);
    if (packet.is === "garbage") this.#classic.hearGarbage(way, now);
    else if (packet.is === "ack") this.#classic.hearAck(way, now);
    else {
      this.#classic.hearData(way, now);
      if (this.#early.length < MOST_EARLY) this.#early.push(input.bytes);
    }
    if (isFirst) this.#tellHeard("original", way);
    if (!this.#classic.isConnected(now)) this.#tell({ event: "waiting" });
  }

  #hearHandshake(packet: HandshakePacket, way: Way, now: number): void {
    const before = this.#agreement.level;
    const hearing = this.#agreement.hear(packet, way, this.#originOf(way), now);
    if (hearing === "ignored") return;
    if (hearing === "restarted") {
      if (this.#connectedAt !== undefined) this.#actions.push({ do: "restarted" });
      else this.#send(way, this.#agreement.packetTo(packet, way, now));
      return;
    }
    this.#notes.hear(now);
    if (before === 0) {
      this.#notes.hearNew(way.to);
      this.#tellHeard("new", way);
    }
    this.#tellMapping(way);
    const answer = this.#agreement.answer(packet, way, now);
    if (answer !== undefined) this.#send(way, answer);
    if (this.#agreement.level === 3 && this.#connectedAt === undefined) this.#connectNew(now);
    else if (this.#connectedAt === undefined) this.#tell({ event: "waiting" });
  }

  // A new peer that sends something else than handshake packets is connected.
  #hearConnected(bytes: Uint8Array, is: "control" | "garbage" | "ack" | "data", way: Way, now: number): void {
    if (is === "garbage" || is === "ack") return;
    if (!this.#agreement.hearData(way)) return;
    this.#early.push(bytes);
    this.#connectNew(now);
  }

  #bounce(input: Bounced, now: number): void {
    if (this.#connectedAt !== undefined) return;
    if (input.why === "expired") {
      this.#shortTtl.expired(input.socket, input.by);
      return;
    }
    const peer = this.#options.peers[input.socket];
    if (input.socket >= MAIN_SOCKETS || peer === undefined || !sameEndpoint(input.to, peer)) return;
    const isAck = input.bytes.length >= CLASSIC_BYTES && readPacket(input.bytes).is === "ack";
    if (input.why === "unreachable") this.#notes.noWay();
    else {
      this.#notes.refuse(input.by);
      this.#tell({ event: "refused", from: input.by, count: this.#notes.refused });
    }
    if (input.socket === 0) this.#classic.bounce(isAck, now);
  }

  // An original has one socket and one peer: only the main socket hears it, and only from its address.
  #mayBeOriginal(way: Way): boolean {
    const peer = this.#options.peers[0];
    return way.socket === 0 && peer !== undefined && way.to.address === peer.address;
  }

  #originOf(way: Way): Origin {
    if (this.#isExpected(way)) return "expected";
    return this.#options.peers.some(({ address }) => address === way.to.address) ? "address" : "elsewhere";
  }

  #isExpected({ socket, to }: Way): boolean {
    const peer = this.#options.peers[socket];
    return peer !== undefined && sameEndpoint(peer, to);
  }

  #connectNew(now: number): void {
    const { chosen, peer, peerCapabilities, roundTripMs } = this.#agreement;
    if (chosen === undefined) return;
    this.#connect(
      { socket: chosen.socket, to: chosen.to, peerKind: "new", peerCapabilities, peerSession: peer, roundTripMs },
      now,
    );
  }

  #connectOriginal(now: number): void {
    const [first] = this.#options.peers;
    const way = this.#classic.way ?? (first === undefined ? undefined : { socket: 0, to: first });
    if (way === undefined) return;
    const nothing = { peerCapabilities: 0, peerSession: 0n, roundTripMs: undefined };
    this.#connect({ socket: way.socket, to: way.to, peerKind: "original", ...nothing }, now);
  }

  #connect(connection: Omit<Connection, "early" | "mappedPort">, now: number): void {
    this.#connectedAt = now;
    const mappedPort = this.#agreement.observedPort === 0 ? undefined : this.#agreement.observedPort;
    this.#actions.push({ do: "connect", connection: { ...connection, mappedPort, early: this.#early } });
  }

  /** Moves with every sign of life: an original that sends garbage will acknowledge. */
  #deadline(): number {
    if (this.#connectedAt !== undefined) return Number.POSITIVE_INFINITY;
    return Math.max(this.#classic.lastAckAt, this.#notes.lastHeardAt) + this.#options.timeoutMs;
  }

  #fail(now: number): void {
    this.#isOver = true;
    const known = {
      heardOriginal: this.#classic.isOriginal ? this.#classic.way?.to : undefined,
      peerHearsUs: this.#agreement.level >= 2 || this.#agreement.observedPort !== 0,
      mappedPort: this.#agreement.observedPort,
      hasSprayed: this.#spray.hasBegun,
    };
    const sightings = this.#notes.sightings(this.#options, known, now);
    if (sightings !== undefined) this.#actions.push({ do: "fail", diagnosis: diagnose(sightings) });
  }

  #tellHeard(peer: "new" | "original", way: Way): void {
    this.#tell({ event: "heard", peer, from: way.to, expected: this.#isExpected(way) });
  }

  #tellMapping(way: Way): void {
    const seenPort = this.#agreement.observedPort;
    const { localPort } = this.#options;
    if (seenPort === 0 || seenPort === this.#toldMapping || way.socket >= FIRST_SPRAY_SOCKET) return;
    this.#toldMapping = seenPort;
    if (way.socket < MAIN_SOCKETS && seenPort !== localPort) this.#tell({ event: "mapped", localPort, seenPort });
  }

  #send(way: Way, bytes: Uint8Array, ttl?: number): void {
    this.#actions.push({ do: "send", socket: way.socket, to: way.to, bytes, ...(ttl === undefined ? {} : { ttl }) });
  }

  #tell(event: HoleEvent): void {
    this.#actions.push({ do: "tell", event });
  }
}
