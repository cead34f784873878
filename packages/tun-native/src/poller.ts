import type { NativeBinding } from "./binding.ts";
import type { Poller } from "./contracts.ts";
import { argumentError, closedError } from "./errors.ts";
import type { EventSignal } from "./event-signal.ts";
import { loadBinding } from "./load-binding.ts";
import { systemError } from "./system-error.ts";

const MOST_SOURCES = 30;
const WORDS_PER_ROW = 2;
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
 * they must stay open while it is in use, and `close()` closes none of them.
 */
export class FdPoller implements Poller {
  readonly #labels: readonly string[];
  readonly #table: Int32Array;
  readonly #native: NativeBinding = loadBinding();
  #closed = false;

  /** @throws TunNativeError `ERR_ARGUMENT` for more than 30 sources */
  constructor(sources: readonly PollSource[], signal: EventSignal) {
    if (sources.length > MOST_SOURCES) throw argumentError("sources", sources.length, `at most ${MOST_SOURCES}`);
    this.#labels = sources.map((source) => source.label ?? `descriptor ${source.fd}`);
    this.#table = new Int32Array((sources.length + 1) * WORDS_PER_ROW);
    this.#table[0] = signal.fd;
    sources.forEach((source, i) => {
      this.#table[(i + 1) * WORDS_PER_ROW] = source.fd;
    });
  }

  wait(timeoutMs: number): number {
    if (this.#closed) throw closedError("poller");
    const readable = this.#native.pollDescriptors(this.#table, timeoutMs);
    return readable < 0 ? this.#fail(readable) : readable;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #fail(result: number): never {
    if (result !== -EIO) throw systemError(result, "poll", "sources");
    for (let i = 0; i <= this.#labels.length; i++) {
      const events = this.#table[i * WORDS_PER_ROW + 1] ?? 0;
      if ((events & ~POLLIN) === 0) continue;
      const label = i === 0 ? "signal" : (this.#labels[i - 1] ?? "");
      const { EBADFD } = this.#native.constants;
      throw systemError(EBADFD, (events & POLLERR) !== 0 ? "poll(POLLERR)" : "poll(POLLNVAL)", label);
    }
    throw systemError(result, "poll", "sources");
  }
}
