/** One client of the server: writes its queue as fast as it takes it, and hears its hello. */
import type { Duplex } from "node:stream";
import { LinkCounter, type LinkCounts } from "../counts.ts";
import type { EntryKey } from "../state/cluster-table.ts";
import { decodeCommand } from "../wire/command.ts";
import { decodeExtension, type Hello } from "../wire/extension.ts";
import { FrameReader, frameCount } from "../wire/frame.ts";
import { ClientQueue, type Frames } from "./client-queue.ts";

export type ClientEnd =
  /** It closed the connection, or the network did. */
  | "closed"
  /** It took nothing for a long time while there was something. */
  | "stalled"
  /** More waits for it than may. */
  | "too slow"
  /** It sends and sends, and nobody asked it to. */
  | "talkative"
  /** This end was closed. */
  | "server closed";

export interface ClientLimits {
  /** Changes that may wait for one client. */
  readonly queueBytes: number;
  /** A client that takes nothing for so long is cut off. */
  readonly stallMs: number;
}

export interface ClientEvents {
  hello(hello: Hello): void;
  ended(end: ClientEnd): void;
}

/** What can be said about a client. */
export interface ServedClient {
  /** As the hub was told when it came. */
  readonly from: string;
  /** What it said of itself; absent = an original, or somebody who only reads. */
  readonly hello: Hello | undefined;
  readonly connectedMs: number;
  readonly counts: LinkCounts;
  /** Changes that it has not taken yet. */
  readonly queuedChanges: number;
  /** Bytes that its network has not taken yet, what is left of the snapshot included. */
  readonly queuedBytes: number;
}

/** Where a hello must be complete, if there is one. */
const HELLO_BYTES = 1024;
/** More than any hello, and what somebody types. */
const MAX_INPUT_BYTES = 65_536;
/** A client that is going to say hello does so at once. */
const HELLO_MS = 10_000;

export class ServerClient {
  readonly #from: string;
  readonly #stream: Duplex;
  readonly #total: LinkCounter;
  readonly #counts = new LinkCounter();
  readonly #queue: ClientQueue;
  readonly #limits: ClientLimits;
  readonly #events: ClientEvents;
  readonly #reader = new FrameReader();
  readonly #sinceMs: number;
  /** Withdrawals that only a client that says hello may see. */
  readonly #held = new Map<EntryKey, Uint8Array>();
  #hello: Hello | undefined;
  #mayWrite = true;
  #inputBytes = 0;
  #isLeaving = false;
  #end: ClientEnd | undefined;
  #progressMs: number;
  #waitingBytes = 0;

  /** Takes over the stream. @param pieces the snapshot @param total counts for all clients */
  constructor(
    stream: Duplex,
    from: string,
    total: LinkCounter,
    pieces: readonly Uint8Array[],
    limits: ClientLimits,
    events: ClientEvents,
    nowMs: number,
  ) {
    this.#stream = stream;
    this.#from = from;
    this.#total = total;
    this.#queue = new ClientQueue(pieces);
    this.#limits = limits;
    this.#events = events;
    this.#sinceMs = nowMs;
    this.#progressMs = nowMs;
    stream.on("drain", () => {
      this.#mayWrite = true;
      this.#write();
    });
    stream.on("data", (chunk: Uint8Array) => this.#hear(chunk));
    // it may still read: it gets what waits, then our end is closed too
    stream.on("end", () => {
      this.#isLeaving = true;
      this.#write();
    });
    stream.on("error", () => undefined);
    stream.on("close", () => this.#finish("closed"));
    this.#write();
  }

  /** Whether it has said hello. */
  get isOurs(): boolean {
    return this.#hello !== undefined;
  }

  status(nowMs: number): ServedClient {
    return {
      from: this.#from,
      hello: this.#hello,
      connectedMs: nowMs - this.#sinceMs,
      counts: { ...this.#counts },
      queuedChanges: this.#queue.changes,
      queuedBytes: this.#queue.bytes + this.#stream.writableLength,
    };
  }

  /** Sends a frame, or lets it take the place of an older one for the same entry. */
  put(key: EntryKey, frame: Uint8Array): void {
    this.#held.delete(key);
    this.#queue.put(key, frame);
    this.flush();
  }

  /** Sends what was put aside with {@link putExtension}. */
  flush(): void {
    this.#write();
    if (this.#queue.changeBytes > this.#limits.queueBytes) this.close("too slow");
  }

  /** Puts a frame of our own protocol aside for {@link flush}; it takes the place of what waits for the same entry. */
  putExtension(key: EntryKey, frame: Uint8Array, nowMs: number): void {
    if (this.isOurs) {
      this.#queue.put(key, frame);
      return;
    }
    this.#queue.drop(key);
    if (nowMs - this.#sinceMs < HELLO_MS) this.#held.set(key, frame);
    else this.#held.clear();
  }

  /** Looks whether it still takes anything. */
  check(nowMs: number): void {
    const waiting = this.#stream.writableLength;
    if (waiting === 0 || waiting !== this.#waitingBytes) this.#progressMs = nowMs;
    this.#waitingBytes = waiting;
    if (nowMs - this.#progressMs >= this.#limits.stallMs) this.close("stalled");
  }

  close(end: ClientEnd): void {
    this.#finish(end);
    this.#stream.destroy();
  }

  /** Frames that answer its hello, behind all that was known when it said so. */
  welcome(hello: Hello, frames: Frames): void {
    this.#hello = hello;
    for (const [key, frame] of this.#held) this.#queue.put(key, frame);
    this.#queue.put("welcome", frames);
    this.#held.clear();
    this.#write();
  }

  #write(): void {
    while (this.#mayWrite && this.#end === undefined) {
      const bytes = this.#queue.take();
      if (bytes === undefined) break;
      this.#waitingBytes += bytes.length;
      this.#count("Out", frameCount(bytes), bytes.length);
      this.#mayWrite = this.#stream.write(bytes);
    }
    if (this.#isLeaving && this.#queue.isEmpty) this.#stream.end();
  }

  #hear(chunk: Uint8Array): void {
    const heard = this.#inputBytes;
    this.#inputBytes += chunk.length;
    this.#count("In", 0, chunk.length);
    if (this.#inputBytes > MAX_INPUT_BYTES) {
      this.close("talkative");
      return;
    }
    if (this.isOurs || heard >= HELLO_BYTES) return;
    this.#reader.push(chunk.subarray(0, HELLO_BYTES - heard), (archive) => {
      this.#count("In", 1, 0);
      const command = decodeCommand(archive);
      const extension = command.type === "unknown" ? decodeExtension(command) : undefined;
      if (extension?.type !== "hello") return true;
      this.#events.hello(extension);
      return false;
    });
  }

  #count(way: "In" | "Out", frames: number, bytes: number): void {
    for (const counts of [this.#counts, this.#total]) {
      counts[`frames${way}`] += frames;
      counts[`bytes${way}`] += bytes;
    }
  }

  #finish(end: ClientEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#events.ended(end);
  }
}
