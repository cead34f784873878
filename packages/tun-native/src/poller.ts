import type { NativeBinding } from "./binding.ts";
import { callWords, RESULT } from "./call-words.ts";
import type { PacketBatch, Poller } from "./contracts.ts";
import { argumentError, closedError } from "./errors.ts";
import type { EventSignal } from "./event-signal.ts";
import { loadBinding } from "./load-binding.ts";
import { Pinned } from "./pinned-memory.ts";
import type { ReadOrder } from "./read-order.ts";
import { MOST_SPIN_US, SpinBudget } from "./spin-budget.ts";
import { systemError } from "./system-error.ts";

const MOST_SOURCES = 30;
const WORDS_PER_ROW = 2;
/** Behind the sources, shared with native/poller.cc. */
const ROWS_BEHIND = 2;
/** The time of the end, and what native/idle_watch.h remembers. */
const CLOCK_NUMBERS = 4;
const WOKEN = 1;
const CROWDED = 1;
const POLLIN = 1;
const POLLERR = 8;
const EIO = 5;
/** Instead of a time to look, shared with native/poller.cc. */
const GIVE_WAY = -1;

/** Something with a descriptor, such as a `TunDevice` or a `UdpSocket`. */
export interface PollSource {
  readonly fd: number;
  /** Named in the error when the source is gone. */
  readonly label?: string;
}

/** A source that is read as soon as it is readable: its next read of `batch` is answered with that. */
export interface ReadAhead {
  /** Its place among the sources. */
  readonly index: number;
  readonly source: { orderFor(batch: PacketBatch): ReadOrder | undefined };
  readonly batch: PacketBatch;
}

/**
 * Blocks a thread until a source is readable or the signal rings (poll(2)). Borrows its sources and the signal:
 * they must stay open while it is in use, and `close()` closes none of them.
 */
export class FdPoller implements Poller {
  readonly #labels: readonly string[];
  readonly #table: Pinned<Int32Array>;
  readonly #pollDescriptors: NativeBinding["pollDescriptors"] = loadBinding().pollDescriptors;
  readonly #call: Int32Array = callWords();
  readonly #spin = new SpinBudget();
  readonly #mostSpinNs: number;
  readonly #clock: Pinned<Float64Array> = new Pinned(new Float64Array(CLOCK_NUMBERS));
  /** Descriptor of the file that says how idle the processors are; negative where it cannot be opened: nothing depends on it. */
  #uptime: number;
  readonly #outcomeAt: number;
  /** Numbers of the orders by source, 0 where there is none. */
  readonly #orders: Pinned<Int32Array>;
  readonly #held: ReadOrder[] = [];
  #closed = false;

  /**
   * @param mostSpinUs the longest `look()`, in microseconds; 0: never longer than `wait(0)`
   * @param uptimeFile tells how idle the processors are, see proc_uptime(5)
   * @throws TunNativeError `ERR_ARGUMENT` for more than 30 sources, or one that another poller reads ahead
   */
  constructor(
    sources: readonly PollSource[],
    signal: EventSignal,
    readAhead: readonly ReadAhead[] = [],
    mostSpinUs: number = MOST_SPIN_US,
    uptimeFile = "/proc/uptime",
  ) {
    if (sources.length > MOST_SOURCES) throw argumentError("sources", sources.length, `at most ${MOST_SOURCES}`);
    this.#mostSpinNs = mostSpinUs * 1000;
    this.#labels = sources.map((source) => source.label ?? `descriptor ${source.fd}`);
    this.#outcomeAt = (sources.length + 1) * WORDS_PER_ROW;
    const table = new Int32Array(this.#outcomeAt + ROWS_BEHIND * WORDS_PER_ROW);
    table[0] = signal.fd;
    sources.forEach((source, i) => {
      table[(i + 1) * WORDS_PER_ROW] = source.fd;
    });
    this.#table = new Pinned(table);
    this.#orders = new Pinned(new Int32Array(sources.length));
    for (const { index, source, batch } of readAhead) {
      const order = source.orderFor(batch);
      if (order === undefined) continue;
      this.#held.push(order);
      this.#orders.array[index] = order.number;
    }
    // last: what fails before leaves no file open
    const { openDescriptor, constants } = loadBinding();
    this.#uptime = openDescriptor(uptimeFile, constants.O_CLOEXEC);
    table[this.#outcomeAt + WORDS_PER_ROW] = this.#uptime;
  }

  wait(timeoutMs: number): number {
    const readable = this.#poll(timeoutMs, 0);
    if (timeoutMs !== 0) this.#spin.learn(true, readable > 0, false);
    return readable;
  }

  /** See `Poller.look`. */
  look(): number {
    const readable = this.#poll(0, Math.min(this.#spin.nanoseconds, this.#mostSpinNs));
    const isCrowded = this.crowded;
    if (readable > 0 || isCrowded) this.#spin.learn(false, readable > 0, isCrowded);
    return readable;
  }

  giveWay(): number {
    return this.#poll(0, GIVE_WAY);
  }

  get now(): number {
    return this.#clock.array[0] ?? 0;
  }

  get woken(): boolean {
    return this.#table.array[this.#outcomeAt] === WOKEN;
  }

  get crowded(): boolean {
    return this.#table.array[this.#outcomeAt + 1] === CROWDED;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#table.release();
    this.#clock.release();
    this.#orders.release();
    for (const order of this.#held.splice(0)) order.release();
    if (this.#uptime >= 0) loadBinding().closeDescriptor(this.#uptime);
    this.#uptime = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #poll(timeoutMs: number, lookNs: number): number {
    if (this.#closed) throw closedError("poller");
    const call = this.#call;
    call[1] = this.#table.memory;
    call[2] = timeoutMs;
    call[3] = lookNs;
    call[4] = this.#clock.memory;
    call[5] = this.#orders.memory;
    this.#pollDescriptors();
    const readable = call[RESULT] ?? 0;
    return readable < 0 ? this.#fail(readable) : readable;
  }

  #fail(result: number): never {
    if (result !== -EIO) throw systemError(result, "poll", "sources");
    for (let i = 0; i <= this.#labels.length; i++) {
      const events = this.#table.array[i * WORDS_PER_ROW + 1] ?? 0;
      if ((events & ~POLLIN) === 0) continue;
      const label = i === 0 ? "signal" : (this.#labels[i - 1] ?? "");
      const { EBADFD } = loadBinding().constants;
      throw systemError(EBADFD, (events & POLLERR) !== 0 ? "poll(POLLERR)" : "poll(POLLNVAL)", label);
    }
    throw systemError(result, "poll", "sources");
  }
}
