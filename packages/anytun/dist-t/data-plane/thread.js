import { Worker } from "node:worker_threads";
import { EventSignal } from "tun-native";

const WORKER_URL = new URL("./data-plane-worker.js", import.meta.url);
/**
 * The main thread's handle on the data-plane worker. The worker owns the device and the sockets
 * from `start` on and closes them when it ends; this object owns the worker and its wake-up signal.
 */
export class DataPlaneThread {
  /** Settles when the worker is gone: resolved if it was told to stop, else rejected with its fatal error. */
  closed;
  #worker;
  #signal;
  #snapshots = [];
  #running = () => {};
  #failure;
  #ended = false;
  constructor(setup, onEvent) {
    this.#signal = EventSignal.create();
    this.#worker = new Worker(WORKER_URL, {
      name: "data-plane",
      workerData: { ...setup, signal: this.#signal.fd },
    });
    this.#worker.on("message", (report) => this.#receive(report, onEvent));
    this.closed = new Promise((resolve, reject) => {
      this.#worker.on("error", (error) => {
        this.#failure ??= { message: error.message, code: undefined };
      });
      this.#worker.on("exit", () => {
        this.#ended = true;
        this.#signal.close();
        for (const deliver of this.#snapshots.splice(0)) deliver(undefined);
        if (this.#failure === undefined) resolve();
        else reject(Object.assign(new Error(this.#failure.message), { code: this.#failure.code }));
      });
    });
  }
  /**
   * Starts the worker and waits until it moves packets.
   * @throws the worker's first error; the device and the sockets are closed then
   */
  static async start(setup, onEvent) {
    const thread = new DataPlaneThread(setup, onEvent);
    const running = new Promise((resolve) => {
      thread.#running = resolve;
    });
    await Promise.race([running, thread.closed]);
    return thread;
  }
  /** Sends what leaves for the peer to another endpoint from now on. */
  setEndpoint(mux, endpoint) {
    this.#command({ type: "endpoint", mux, endpoint });
  }
  /** Adds reserved sequence numbers behind those that are left. */
  extendSequence(range) {
    this.#command({ type: "sequence", range });
  }
  /** TCP connections that begin from now on are told to fit packets of so many bytes; 0 = as they like. */
  setPacketLimit(bytes) {
    this.#command({ type: "packet-limit", bytes });
  }
  /** Counters as of now; undefined once the worker has ended. */
  snapshot() {
    if (this.#ended) return Promise.resolve(undefined);
    const answer = new Promise((resolve) => this.#snapshots.push(resolve));
    this.#command({ type: "snapshot" });
    return answer;
  }
  /** Ends the worker after the burst it is in, and returns when all it owned is closed. Idempotent; never rejects. */
  async close() {
    if (!this.#ended) this.#command({ type: "stop" });
    await this.closed.catch(() => {});
  }
  #command(command) {
    if (this.#ended) return;
    this.#worker.postMessage(command);
    this.#signal.signal();
  }
  #receive(report, onEvent) {
    switch (report.type) {
      case "running":
        this.#running();
        break;
      case "snapshot":
        this.#snapshots.shift()?.(report.snapshot);
        break;
      case "failed":
        this.#failure = report.error;
        break;
      default:
        onEvent(report);
    }
  }
}
//# sourceMappingURL=thread.js.map
