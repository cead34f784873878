import type { PollSource } from "./poller.ts";
import { arm, unwatch, watch } from "./streams/readiness.ts";

/**
 * Tells JavaScript's event loop when a source is readable, or has an error to report: once after each {@link arm}, so that
 * whoever has enough for now is left alone. Borrows the source, which must stay open until `close()`. The process stays
 * alive while any watch is open.
 */
export class ReadableWatch {
  readonly #fd: number;
  #isOpen = true;

  /** Not armed yet. @throws TunNativeError when the system has no room for another thread */
  constructor(source: PollSource, onReadable: () => void) {
    this.#fd = source.fd;
    watch(this.#fd, onReadable);
  }

  /** Asks for one call. @throws TunNativeError */
  arm(): void {
    if (this.#isOpen) arm(this.#fd);
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    unwatch(this.#fd);
  }
}
