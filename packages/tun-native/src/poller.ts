import type { NativeBinding } from "./binding.ts";
import type { Poller } from "./contracts.ts";
import { argumentError, closedError } from "./errors.ts";
import type { EventSignal } from "./event-signal.ts";
import { loadBinding } from "./load-binding.ts";
import { Pinned } from "./pinned-memory.ts";
import { SpinBudget } from "./spin-budget.ts";
import { systemError } from "./system-error.ts";

const MOST_SOURCES = 30;
const WORDS_PER_ROW = 2;
const WOKEN = 1;
const SLEPT = 2;
const POLLIN = 1;
const POLLERR = 8;
const EIO = 5;

/** Something with a descriptor, such as a `TunDevice` or a `UdpSocket`. */
export interface PollSource {
  readonly fd: number;
  /** Named in the error when the source is gone. */
  readonly label?: string;
}

/**
 * Blocks a thread until a source is readable or the signal rings (poll(2)). Borrows its sources and the signal:
 * they must stay open while it is in use, and `close()` closes none of them. While packets follow one another closely
 * it looks for the next one for at most {@link MOST_SPIN_US} microseconds before it sleeps; an idle one only sleeps.
 */
export class FdPoller implements Poller {
  readonly #labels: readonly string[];
  readonly #table: Pinned<Int32Array>;
  readonly #native: NativeBinding = loadBinding();
  readonly #spin = new SpinBudget();
  readonly #clock: Pinned<Float64Array> = new Pinned(new Float64Array(1));
  readonly #outcomeAt: number;
  #closed = false;

  /** @throws TunNativeError `ERR_ARGUMENT` for more than 30 sources */
  constructor(sources: readonly PollSource[], signal: EventSignal) {
    if (sources.length > MOST_SOURCES) throw argumentError("sources", sources.length, `at most ${MOST_SOURCES}`);
    this.#labels = sources.map((source) => source.label ?? `descriptor ${source.fd}`);
    this.#outcomeAt = (sources.length + 1) * WORDS_PER_ROW;
    const table = new Int32Array(this.#outcomeAt + WORDS_PER_ROW);
    table[0] = signal.fd;
    sources.forEach((source, i) => {
      table[(i + 1) * WORDS_PER_ROW] = source.fd;
    });
    this.#table = new Pinned(table);
  }

  wait(timeoutMs: number): number {
    if (this.#closed) throw closedError("poller");
    const { nanoseconds } = this.#spin;
    const readable = this.#native.pollDescriptors(this.#table.memory, timeoutMs, nanoseconds, this.#clock.memory);
    if (timeoutMs !== 0) this.#spin.learn(((this.#table.array[this.#outcomeAt] ?? 0) & SLEPT) !== 0, readable > 0);
    return readable < 0 ? this.#fail(readable) : readable;
  }

  get now(): number {
    return this.#clock.array[0] ?? 0;
  }

  get woken(): boolean {
    return ((this.#table.array[this.#outcomeAt] ?? 0) & WOKEN) !== 0;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#table.release();
    this.#clock.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #fail(result: number): never {
    if (result !== -EIO) throw systemError(result, "poll", "sources");
    for (let i = 0; i <= this.#labels.length; i++) {
      const events = this.#table.array[i * WORDS_PER_ROW + 1] ?? 0;
      if ((events & ~POLLIN) === 0) continue;
      const label = i === 0 ? "signal" : (this.#labels[i - 1] ?? "");
      const { EBADFD } = this.#native.constants;
      throw systemError(EBADFD, (events & POLLERR) !== 0 ? "poll(POLLERR)" : "poll(POLLNVAL)", label);
    }
    throw systemError(result, "poll", "sources");
  }
}
