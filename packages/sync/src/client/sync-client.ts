/**
 * Follows one server for ever: connects, reads commands, comes back after a loss (spec: sync-protocol.md 8). Commands that
 * cannot be used are left out whole and counted; an archive that cannot be read ends the connection, for whatever stands behind it
 * may be read in the wrong place.
 */
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { Entry } from "../state/cluster-table.ts";
import { type Unusable, whyUnusable } from "../state/usable.ts";
import { isTlsAnswer, silenceReason, tlsReason } from "../tls.ts";
import { decodeCommand } from "../wire/command.ts";
import { decodeExtension, type Extension, encodeExtension, type Hello } from "../wire/extension.ts";
import { encodeFrame, FrameReader } from "../wire/frame.ts";
import { BackOff } from "./back-off.ts";
import type { Connector } from "./connect.ts";
import { LinkRecord, type SyncClientStatus } from "./link-record.ts";

/** A connection that was there for so long was a good one: its server was started again, and is soon back. */
const LASTING_MS = 2000;

export interface SyncClientEvents {
  connected?(): void;
  /** The connection is gone; the next try is in `retryMs`. Not called for `close()`. */
  lost?(reason: string, retryMs: number): void;
  /** There was no connection; the next try is in `retryMs`. */
  unreachable?(reason: string, retryMs: number): void;
  /** A connection or a route that can be used. */
  entry(entry: Entry): void;
  /** One of our own commands. */
  extension?(extension: Extension): void;
  /** A command was left out; called for the first of its kind on each connection, counted for all. */
  refused?(why: Unusable): void;
}

export interface SyncClientOptions {
  readonly connect: Connector;
  /** Said first on each connection; absent for a client that wants only what an original would get. */
  readonly hello?: () => Hello;
  readonly events: SyncClientEvents;
  /** Resolves after `ms`, or when `signal` aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly random?: () => number;
}

export class SyncClient {
  readonly #options: SyncClientOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #backOff: BackOff;
  readonly #record: LinkRecord;

  /** Begins at once. */
  constructor(options: SyncClientOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.random);
    this.#record = new LinkRecord(options.now ?? (() => performance.now()));
    this.#running = this.#run();
  }

  get isConnected(): boolean {
    return this.#record.isConnected;
  }

  /** Frames that were not taken since the start. */
  get refused(): number {
    return this.#record.refused.total;
  }

  get status(): SyncClientStatus {
    return this.#record.status;
  }

  /** Ends the connection and the trying. Idempotent; no event comes after it. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { connect, events, sleep = quietSleep, now = () => performance.now() } = this.#options;
    while (!signal.aborted) {
      const begun = now();
      this.#record.connecting();
      let told: "lost" | "unreachable" = "unreachable";
      let reason: string;
      try {
        const stream = await connect(signal);
        told = "lost";
        reason = await this.#follow(stream);
      } catch (error) {
        reason = tlsReason(error);
      }
      if (signal.aborted) return;
      // a server that lets everybody in and at once out again must not be asked twice a second
      if (told === "lost" && now() - begun >= LASTING_MS) this.#backOff.reset();
      const retryMs = this.#backOff.next();
      this.#record.waiting(reason, retryMs);
      events[told]?.(reason, retryMs);
      await sleep(retryMs, signal);
    }
  }

  /** Reads to the end of a connection and returns why it ended. */
  async #follow(stream: Duplex): Promise<string> {
    const { hello, events, now = () => performance.now() } = this.#options;
    const sinceMs = now();
    const { counts, refused } = this.#record;
    const { signal } = this.#stop;
    const abort = (): void => void stream.destroy();
    const closed = new Promise<string>((resolve) => {
      let reason = "input stream error";
      let bytes = 0;
      const reader = new FrameReader();
      const kinds = new Set<Unusable>();
      let isLeft = false;
      const take = (archive: Uint8Array): boolean => {
        counts.framesIn++;
        const fault = this.#take(archive, kinds);
        if (fault !== undefined) reason = fault;
        isLeft = fault !== undefined || signal.aborted;
        return !isLeft;
      };
      stream.on("data", (chunk: Uint8Array) => {
        counts.bytesIn += chunk.length;
        if (bytes === 0 && isTlsAnswer(chunk)) {
          reason = "the server speaks TLS";
          stream.destroy();
        }
        bytes += chunk.length;
        if (stream.destroyed) return;
        if (reader.push(chunk, take)) return;
        // not left for an archive: it was a length that makes no sense
        if (!isLeft) refused.add("input stream error");
        isLeft = true;
        stream.destroy();
      });
      stream.on("end", () => {
        // a server that knows nothing says nothing, but not for long if it takes others for one of ours
        const isTls = stream instanceof TLSSocket;
        if (bytes === 0 && (isTls || now() - sinceMs < LASTING_MS)) reason = silenceReason(isTls);
        stream.destroy();
      });
      stream.on("error", (error) => {
        reason = tlsReason(error);
      });
      stream.on("close", () => resolve(reason));
    });
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    this.#record.connected();
    events.connected?.();
    if (hello !== undefined) {
      const frame = encodeFrame(encodeExtension(hello()));
      counts.framesOut++;
      counts.bytesOut += frame.length;
      stream.write(frame);
    }
    const reason = await closed;
    // until it is known when the next try is
    this.#record.connecting();
    signal.removeEventListener("abort", abort);
    return reason;
  }

  /** @returns why the connection has to end, if it has to */
  #take(archive: Uint8Array, kinds: Set<Unusable>): string | undefined {
    const { events } = this.#options;
    const { refused } = this.#record;
    const command = decodeCommand(archive);
    if (command.type === "refused" && command.fault !== "unknown address type") {
      refused.add(command.fault);
      return command.fault;
    }
    const why = command.type === "refused" ? "address type" : whyUnusable(command);
    if (why !== undefined) {
      refused.add(why);
      if (!kinds.has(why)) {
        kinds.add(why);
        events.refused?.(why);
      }
      return undefined;
    }
    if (command.type === "connection" || command.type === "route") events.entry(command);
    else if (command.type === "unknown") {
      const extension = decodeExtension(command);
      if (extension !== undefined) events.extension?.(extension);
    }
    return undefined;
  }
}

function quietSleep(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}
