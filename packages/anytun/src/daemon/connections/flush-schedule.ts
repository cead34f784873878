/** When the data plane is told what is new: at the end of the turn of the event loop, or together with what follows. */
import type { Clock } from "../clock.ts";

/** Each reservation of numbers is a write to the disk, so thousands of new connections share a few. */
const NEWCOMERS_MS = 200;

export class FlushSchedule {
  readonly #clock: Clock;
  readonly #flush: () => void;
  #state: "waiting" | "open" | "closed" = "waiting";
  #pending: NodeJS.Immediate | undefined;
  #newcomers: NodeJS.Timeout | undefined;
  #newcomersAtMs = Number.NEGATIVE_INFINITY;

  /** @param flush tells everything that is new; not called before `open` and after `close` */
  constructor(clock: Clock, flush: () => void) {
    this.#clock = clock;
    this.#flush = flush;
  }

  /** There is somebody to tell, first of all what was new until now. */
  open(): void {
    if (this.#state === "waiting") this.#state = "open";
    this.soon();
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  soon(): void {
    if (this.isOpen) this.#pending ??= setImmediate(() => this.now());
  }

  /** A connection that others hand out: the first at once, those that follow closely together. */
  newcomer(): void {
    if (!this.isOpen) return;
    const waitMs = this.#newcomersAtMs + NEWCOMERS_MS - this.#clock.now();
    if (waitMs > 0) {
      this.#newcomers ??= setTimeout(() => {
        this.#newcomersAtMs = this.#clock.now();
        this.now();
      }, waitMs);
      return;
    }
    this.#newcomersAtMs = this.#clock.now();
    this.soon();
  }

  now(): void {
    this.#clear();
    if (this.isOpen) this.#flush();
  }

  /** Idempotent. */
  close(): void {
    this.#state = "closed";
    this.#clear();
  }

  #clear(): void {
    clearImmediate(this.#pending);
    clearTimeout(this.#newcomers);
    this.#pending = undefined;
    this.#newcomers = undefined;
  }
}
