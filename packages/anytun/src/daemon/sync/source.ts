/** One server that is followed, over any number of connections to it: who it is, and what counts of what it says. */
import {
  type ConnectionCommand,
  type Entry,
  type EntryKey,
  type Extension,
  entryKey,
  type Hello,
  KindCounter,
  type PeerPlace,
  RemoteClock,
  type RouteCommand,
} from "satp-sync";
import { UNDATED } from "../../data-plane/newest-place.ts";
import type { Clock } from "../clock.ts";
import type { ConnectionState } from "../connections/connection.ts";
import type { Inbox, Untaken } from "./inbox.ts";
import { SourceConnection } from "./source-connection.ts";

/** Names what is gone. */
export type Gone = Pick<ConnectionCommand, "type" | "mux"> | Omit<RouteCommand, "mux">;

/** What a place is worth that came without its time. */
export type PlaceVerdict =
  /** The peer was heard there now. */
  | "now"
  /** It counts until somebody knows better, see `Inbox.takeUndatedPlace`. */
  | "undated"
  /** What is known here counts. */
  | "known";

/** Entries that wait for their keys. */
const MAX_UNTOLD = 100_000;
/** A server that has told something, then nothing for so long, and no hello, is an original that has told everything. */
const QUIET_MS = 1000;
/** One that goes on and on is an original too, and so is one that said hello on an earlier connection and does not any more. */
const HELLO_MS = 60_000;

export class Source {
  readonly name: string;
  readonly #inbox: Inbox;
  readonly #clock: Pick<Clock, "now">;
  /** All that a control host says. A node is not held to what it says: it repeats what others said. */
  #told = new Map<EntryKey, Entry>();
  /** The latest part of it, as it came. */
  #untold: Entry[] = [];
  readonly #refused = new KindCounter<Untaken>();
  #isControlHost = false;
  #hasNumbers = false;
  /** Of the process that said hello last: it stays known over connections. */
  #remoteClock = new RemoteClock();
  #node: string | undefined;
  /** Undefined while there is none. */
  #connection: SourceConnection | undefined;

  constructor(name: string, inbox: Inbox, clock: Pick<Clock, "now">) {
    this.name = name;
    this.#inbox = inbox;
    this.#clock = clock;
  }

  /** What it has told on this connection. */
  get size(): number {
    return this.#connection?.size ?? 0;
  }

  /** Entries that were left out since the start. */
  get refused(): ReadonlyMap<Untaken, number> {
    return this.#refused.all();
  }

  refuse(why: Untaken): void {
    this.#refused.add(why);
  }

  /** Whether it is there, and what it tells is what somebody wrote down. */
  get isControlling(): boolean {
    return this.#connection?.kind === "control" && this.#connection.isComplete;
  }

  /** Whether it is, as far as is known, a node that tells what it knows, and not what is new. */
  get isRepeating(): boolean {
    const connection = this.#connection;
    return connection?.kind === "unknown" || (connection?.kind === "node" && !connection.isComplete);
  }

  /** Whether others decide before it does. */
  get isControlHost(): boolean {
    return this.#connection?.kind === "control";
  }

  /** Whether it is, as far as is known, an original that sends with numbers of its own, also while it cannot be reached. */
  get isSendingOriginal(): boolean {
    return this.#hasNumbers;
  }

  /** A new connection: everything comes again. */
  connected(): void {
    this.#connection = new SourceConnection();
  }

  /** The connection is gone. */
  lost(): void {
    this.#connection = undefined;
  }

  /** Whether it says so, and has a say in it. */
  decides(key: EntryKey): boolean {
    return this.#all().has(key);
  }

  entry(entry: Entry): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    connection.lastMs = this.#clock.now();
    if (connection.size++ === 0) connection.sinceMs = connection.lastMs;
    if (entry.type === "connection") this.#hearNumber(connection, entry);
    const isDoubtful = this.#inbox.take(entry, this) === "doubtful";
    if (isDoubtful && connection.kind === "unknown") connection.doubtful.push(entry);
    if (!connection.isComplete) connection.fresh.push(entry);
    else if (this.#isControlHost) this.#tell(entry);
  }

  extension(extension: Extension): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    switch (extension.type) {
      case "hello":
        this.#introduced(connection, extension);
        break;
      case "complete":
        this.#completed(connection);
        break;
      case "withdraw-connection":
        this.#withdraw({ type: "connection", mux: extension.mux });
        break;
      case "withdraw-route":
        this.#withdraw({ ...extension, type: "route" });
        break;
      case "replay-mark":
        this.#inbox.raise(extension.mux, extension.senderId, extension.sequence);
        break;
      case "clock":
        this.#readClock(connection, extension.nowMs);
        break;
      case "place":
        this.#place(connection, extension);
        break;
    }
  }

  /** To be called about once a second. */
  tick(): void {
    const connection = this.#connection;
    if (connection?.kind !== "unknown" || connection.size === 0) return;
    const nowMs = this.#clock.now();
    const isQuiet = this.#node === undefined && nowMs - connection.lastMs >= QUIET_MS;
    if (!isQuiet && nowMs - connection.sinceMs < HELLO_MS) return;
    connection.kind = "original";
    // nobody will say that this was all
    connection.isComplete = true;
    connection.fresh = [];
    connection.doubtful = [];
    for (const held of connection.takeHeld()) this.#inbox.takeUndatedPlace(held);
    for (const number of connection.takeNumbers()) this.#inbox.noteNumber(number, true);
  }

  #hearNumber(connection: SourceConnection, { mux, sequence }: ConnectionCommand): void {
    const number = { mux, sequence, atMs: this.#clock.now() };
    const isOriginal = connection.kind === "original";
    // a control host has none
    if ((isOriginal || connection.kind === "unknown") && sequence > 0) this.#hasNumbers = true;
    if (connection.kind === "unknown") connection.numbers.set(mux, number);
    this.#inbox.noteNumber(number, isOriginal);
  }

  /** What a place is worth that a connection of this server has, where another one may be known. */
  judgePlace(command: ConnectionCommand, present: ConnectionState | undefined): PlaceVerdict {
    const kind = this.#connection?.kind;
    if (kind === "original") return "now";
    if (present?.endpoint === undefined || present.heardMs === UNDATED) return "undated";
    // nodes send times behind, and who has not said who it is may be a node
    if (kind === "unknown") this.#connection?.held.set(command.mux, { command, toldMs: this.#clock.now() });
    return kind === "control" && this.#isChanged(command) ? "undated" : "known";
  }

  #introduced(connection: SourceConnection, { sender, node }: Hello): void {
    if (node !== this.#node) this.#remoteClock = new RemoteClock();
    this.#node = node;
    // who carries no traffic hands out what somebody wrote down
    this.#isControlHost = sender === undefined;
    connection.kind = this.#isControlHost ? "control" : "node";
    this.#hasNumbers = false;
    connection.numbers.clear();
    const held = connection.takeHeld();
    const doubtful = connection.doubtful;
    connection.doubtful = [];
    if (this.#isControlHost) {
      for (const entry of doubtful) this.#inbox.take(entry, this);
      for (const place of held) if (this.#isChanged(place.command)) this.#inbox.takeUndatedPlace(place);
    } else {
      for (const entry of doubtful) this.#inbox.withdrawAgain(entry);
    }
  }

  /** Whether a control host has another place for a peer than it had before: somebody has changed the table. */
  #isChanged({ mux, host, port }: ConnectionCommand): boolean {
    const before = this.#all().get(entryKey({ type: "connection", mux }));
    if (before?.type !== "connection") return false;
    return before.port !== port || before.host.words.some((word, at) => word !== host.words[at]);
  }

  #withdraw(gone: Gone): void {
    const key = entryKey(gone);
    if (this.#isControlHost) this.#all().delete(key);
    // a node passes on what it heard, maybe late
    else if (this.#inbox.isControlled(key, this)) return;
    this.#inbox.remove(gone);
  }

  /** What a control host said before this connection and did not say again is gone. */
  #completed(connection: SourceConnection): void {
    const fresh = connection.fresh;
    connection.fresh = [];
    if (connection.isComplete) return;
    connection.isComplete = true;
    if (!this.#isControlHost) return;
    const before = this.#all();
    this.#told = new Map();
    this.#untold = fresh;
    for (const [key, entry] of before) {
      if (!this.decides(key) && !this.#inbox.isToldBesides(key, this)) this.#inbox.remove(entry);
    }
  }

  #place(connection: SourceConnection, place: PeerPlace): void {
    if (connection.kind !== "node") return;
    this.#readClock(connection, place.nowMs);
    // behind thousands of entries the first reading of a clock is late: a later one dates all of them
    if (this.#remoteClock.isSteady || connection.places.length >= MAX_UNTOLD) this.#takePlace(place);
    else connection.places.push(place);
  }

  #readClock(connection: SourceConnection, theirMs: number): void {
    this.#remoteClock.read(theirMs, this.#clock.now());
    if (!this.#remoteClock.isSteady || connection.places.length === 0) return;
    const { places } = connection;
    connection.places = [];
    for (const place of places) this.#takePlace(place);
  }

  #takePlace({ mux, host, port, nowMs, ageMs }: PeerPlace): void {
    this.#inbox.takePlace(mux, host, port, this.#remoteClock.toLocal(nowMs - ageMs));
  }

  #tell(entry: Entry): void {
    this.#untold.push(entry);
    if (this.#untold.length > MAX_UNTOLD) this.#all();
  }

  /** By key, which is made only when somebody asks: a node that joins has better things to do. */
  #all(): Map<EntryKey, Entry> {
    for (const entry of this.#untold) this.#told.set(entryKey(entry), entry);
    this.#untold = [];
    return this.#told;
  }
}
