/** Writes to a descriptor in order, without buffering and without stopping the program while its reader is slow. */
import { closeSync, openSync, writev } from "node:fs";

/** A descriptor that somebody made non-blocking: ask again. */
const FULL_MS = 5;

export interface OutputListener {
  /** So many more bytes are with the reader. */
  written(bytes: number): void;
  failed(error: NodeJS.ErrnoException): void;
}

export class Output {
  readonly #fd: number;
  readonly #listener: OutputListener;
  #queue: Uint8Array[] = [];
  #isWriting = false;
  #isEnding = false;
  #hasFailed = false;

  constructor(fd: number, listener: OutputListener) {
    this.#fd = fd;
    this.#listener = listener;
  }

  /** Keeps `bytes` until they are written. */
  write(bytes: Uint8Array): void {
    if (this.#hasFailed) return;
    this.#queue.push(bytes);
    if (!this.#isWriting) this.#flush();
  }

  /** Closes the descriptor once everything is written: the reader sees the end. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isWriting) this.#flush();
  }

  #flush(): void {
    if (this.#hasFailed) return;
    const batch = this.#queue;
    if (batch.length === 0) {
      if (this.#isEnding) this.#close();
      return;
    }
    this.#queue = [];
    this.#isWriting = true;
    writev(this.#fd, batch, null, (error, bytes) => {
      this.#isWriting = false;
      if (error !== null && error.code !== "EAGAIN") {
        this.#hasFailed = true;
        this.#listener.failed(error);
        return;
      }
      const written = error === null ? bytes : 0;
      this.#queue = [...rest(batch, written), ...this.#queue];
      if (written > 0) this.#listener.written(written);
      if (error === null) this.#flush();
      else setTimeout(() => this.#isWriting || this.#flush(), FULL_MS);
    });
  }

  /** The number must not be free for the next file that is opened. */
  #close(): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    closeSync(this.#fd);
    while (openSync("/dev/null", "w") < this.#fd);
  }
}

function rest(batch: readonly Uint8Array[], written: number): Uint8Array[] {
  let skipped = 0;
  const left: Uint8Array[] = [];
  for (const bytes of batch) {
    const from = Math.max(0, written - skipped);
    if (from < bytes.length) left.push(bytes.subarray(from));
    skipped += bytes.length;
  }
  return left;
}
