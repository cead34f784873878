/** Keeps connections in sequence numbers: reserves the next blocks while the last ones are in use. */
import type { SequenceRange } from "satp-core";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "./clock.ts";
import type { SequenceBook, SequenceRequest } from "./sequence-book.ts";
import { FIRST_BLOCK, nextBlockSize } from "./sequence-space.ts";

/** Wait before the next try when the state directory could not be written. */
const RETRY_MS = 2_000;

/** Takes a block for a connection. */
export type DeliverRange = (mux: number, range: SequenceRange) => void;

/** A connection that begins. */
export interface NewcomerRequest {
  readonly mux: number;
  /** The one in the header of what is sent to it. */
  readonly headerMux: number;
  /** Its numbers do not begin below this. */
  readonly atLeast?: number | undefined;
}

interface Account {
  blockSize: number;
  reservedAt: number;
}

/** Connections are told apart by their mux; which mux stands in their headers, and so whose numbers they use, is said with each request. */
export class SequenceSupply {
  #book: SequenceBook;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #deliver: DeliverRange;
  readonly #abort = new AbortController();
  readonly #accounts = new Map<number, Account>();
  /** What could not be reserved and is tried again, by connection. */
  readonly #owed = new Map<number, SequenceRequest>();
  #isRetrying = false;

  /** @param deliver called for what {@link refill} reserves, at once or when that works again */
  constructor(book: SequenceBook, log: Logger, clock: Clock, deliver: DeliverRange) {
    this.#book = book;
    this.#log = log;
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** All numbers come from here from now on. */
  setBook(book: SequenceBook): void {
    this.#book = book;
  }

  /**
   * The blocks that these connections begin with, all at the cost of one.
   * @throws AnytunError `state`, `sequence-exhausted`
   */
  first(connections: readonly NewcomerRequest[]): SequenceRange[] {
    const now = this.#clock.now();
    const ranges = this.#book.reserve(
      connections.map(({ headerMux, atLeast }) => ({ mux: headerMux, count: FIRST_BLOCK, atLeast })),
    );
    for (const { mux } of connections) this.#accounts.set(mux, { blockSize: FIRST_BLOCK, reservedAt: now });
    return ranges;
  }

  /**
   * Reserves the next block and hands it over, however often that takes. When the mux has no numbers left it says so
   * and gives up: the data plane then counts what it cannot send.
   */
  refill(mux: number, headerMux: number): void {
    const now = this.#clock.now();
    const account = this.#accounts.get(mux);
    const blockSize = account === undefined ? FIRST_BLOCK : nextBlockSize(account.blockSize, now - account.reservedAt);
    this.#accounts.set(mux, { blockSize, reservedAt: now });
    const request = { mux: headerMux, count: blockSize };
    if (this.#isRetrying) this.#owed.set(mux, request);
    else if (this.#tryReserve(mux, request, true) === "later") {
      this.#owed.set(mux, request);
      void this.#retry();
    }
  }

  /** The connection is gone. */
  forget(mux: number): void {
    this.#accounts.delete(mux);
    this.#owed.delete(mux);
  }

  /** Ends a retry under way. Idempotent. */
  close(): void {
    this.#abort.abort();
  }

  async #retry(): Promise<void> {
    this.#isRetrying = true;
    const { signal } = this.#abort;
    while (this.#owed.size > 0) {
      await this.#clock.sleep(RETRY_MS, signal);
      if (signal.aborted) break;
      const [next] = this.#owed;
      if (next === undefined) break;
      const first = this.#tryReserve(...next, false);
      if (first === "later") continue;
      if (first === "done") this.#log.notice("sequence numbers can be reserved again");
      this.#owed.delete(next[0]);
      this.#settleOwed();
    }
    this.#isRetrying = false;
  }

  /** The disk takes them again: all others who wait. */
  #settleOwed(): void {
    for (const [mux, request] of [...this.#owed]) {
      if (this.#tryReserve(mux, request, false) === "later") return;
      this.#owed.delete(mux);
    }
  }

  #tryReserve(mux: number, request: SequenceRequest, isFirst: boolean): "done" | "never" | "later" {
    try {
      const [range] = this.#book.reserve([request]);
      if (range !== undefined) this.#deliver(mux, range);
      return "done";
    } catch (error) {
      const isFinal = error instanceof AnytunError && error.code === "sequence-exhausted";
      if (isFinal || isFirst) this.#log.error(errorText(error));
      return isFinal ? "never" : "later";
    }
  }
}
