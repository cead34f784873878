import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { KeepAliveConfig } from "satp-core";
import { EventSignal } from "tun-native";
import type {
  Command,
  ConnectionCommand,
  DataPlaneSetup,
  Failure,
  PlaneTunnelSetup,
  Report,
  Snapshot,
} from "./messages.ts";
import { PAGE_PEERS, type PeerPage } from "./peer-page.ts";

/** What a daemon hears from its data plane on its own; each is rare, none is per packet. */
export type DataPlaneEvent = Exclude<Report, { type: "running" | "snapshot" | "peers" | "failed" }>;

/** The worker's setup without what the thread object itself provides. */
export type ThreadSetup = Omit<DataPlaneSetup, "signal">;

const WORKER = join(import.meta.dirname, "data-plane-worker.js");

/**
 * The main thread's handle on the data-plane worker. The worker owns the device and the sockets
 * from `start` on and closes them when it ends; this object owns the worker and its wake-up signal.
 */
export class DataPlaneThread {
  /** Settles when the worker is gone: resolved if it was told to stop, else rejected with its fatal error. */
  readonly closed: Promise<void>;
  readonly #worker: Worker;
  #signal: EventSignal | undefined;
  readonly #snapshots: ((snapshot: Snapshot | undefined) => void)[] = [];
  readonly #pages: ((page: PeerPage | undefined) => void)[] = [];
  #running: () => void = () => {};
  #onEvent: (event: DataPlaneEvent) => void = () => {};
  #isStarted = false;
  #failure: Failure | undefined;
  #ended = false;

  private constructor() {
    this.#worker = new Worker(WORKER, { name: "data-plane" });
    this.#worker.on("message", (report: Report) => this.#receive(report));
    this.closed = new Promise((resolve, reject) => {
      this.#worker.on("error", (error: Error) => {
        this.#failure ??= { message: error.message, code: undefined };
      });
      this.#worker.on("exit", () => {
        this.#ended = true;
        this.#signal?.close();
        for (const deliver of this.#snapshots.splice(0)) deliver(undefined);
        for (const deliver of this.#pages.splice(0)) deliver(undefined);
        if (this.#failure === undefined) resolve();
        else reject(Object.assign(new Error(this.#failure.message), { code: this.#failure.code }));
      });
    });
    // whoever starts the thread hears of it; one that is only prepared may fail unheard
    this.closed.catch(() => {});
  }

  /** Starts the worker, which loads its program while its caller finds out what for. */
  static launch(): DataPlaneThread {
    return new DataPlaneThread();
  }

  /** The worker gets warm from now on, while its caller opens what {@link start} needs; before it, once. */
  prepare(tunnel: PlaneTunnelSetup): void {
    this.#worker.postMessage(tunnel);
  }

  /**
   * Hands everything over and waits until the worker moves packets; once.
   * @throws the worker's first error; the device and the sockets are closed then
   */
  async start(setup: ThreadSetup, onEvent: (event: DataPlaneEvent) => void): Promise<void> {
    this.#onEvent = onEvent;
    this.#isStarted = true;
    const running = new Promise<void>((resolve) => {
      this.#running = resolve;
    });
    this.#signal = EventSignal.create();
    this.#worker.postMessage({ ...setup, signal: this.#signal.fd } satisfies DataPlaneSetup);
    await Promise.race([running, this.closed]);
  }

  /** Changes connections or routes. Commands are obeyed in order; between two of them packets are moved, so keep them short. */
  command(command: ConnectionCommand): void {
    this.#command(command);
  }

  /** TCP connections that begin from now on are told to fit packets of so many bytes; 0 = as they like. */
  setPacketLimit(bytes: number): void {
    this.#command({ type: "packet-limit", bytes });
  }

  /** Quiet peers get empty datagrams from now on; undefined = they do not. */
  setKeepAlive(times: KeepAliveConfig | undefined): void {
    this.#command({ type: "keep-alive", times });
  }

  /** The tunnel's counters as of now; undefined once the worker has ended. */
  snapshot(): Promise<Snapshot | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    const answer = new Promise<Snapshot | undefined>((resolve) => this.#snapshots.push(resolve));
    this.#command({ type: "snapshot" });
    return answer;
  }

  /**
   * Some peers as of now, from this mux on; undefined once the worker has ended.
   * @param most at most {@link PAGE_PEERS}: packets wait while a page is made
   */
  peers(from: number, most: number = PAGE_PEERS): Promise<PeerPage | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    const answer = new Promise<PeerPage | undefined>((resolve) => this.#pages.push(resolve));
    this.#command({ type: "peers", from, most: Math.min(most, PAGE_PEERS) });
    return answer;
  }

  /** Ends the worker after the burst it is in, and returns when all it owned is closed. Idempotent; never rejects. */
  async close(): Promise<void> {
    if (this.#isStarted) this.#command({ type: "stop" });
    else void this.#worker.terminate();
    await this.closed.catch(() => {});
  }

  #command(command: Command): void {
    if (this.#ended) return;
    this.#worker.postMessage(command);
    this.#signal?.signal();
  }

  #receive(report: Report): void {
    switch (report.type) {
      case "running":
        this.#running();
        break;
      case "snapshot":
        this.#snapshots.shift()?.(report.snapshot);
        break;
      case "peers":
        this.#pages.shift()?.(report.page);
        break;
      case "failed":
        this.#failure = report.error;
        break;
      default:
        this.#onEvent(report);
    }
  }
}
