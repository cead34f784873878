/** Who needs a block of own sequence numbers before the data plane is told, and of which mux. */
import type { Routing, SequenceRange } from "satp-core";
import type { SequenceBook } from "../sequence-book.ts";
import type { SequenceSupply } from "../sequence-supply.ts";

/** In the place of a mux: the numbers for whoever is detected. */
export const STRANGERS = -1;

export class ConnectionNumbers {
  readonly #supply: SequenceSupply;
  /** Which mux stands in headers: that of the connection, or the own one. */
  routing: Routing;
  ownMux = 0;
  /** They begin with a block, not below this number. */
  readonly #newcomers = new Map<number, number>();

  constructor(supply: SequenceSupply, routing: Routing) {
    this.#supply = supply;
    this.routing = routing;
  }

  /** The mux that stands in the header of what is sent to a connection (spec: satp-wire.md 8). */
  headerMux(mux: number): number {
    return this.routing === "single" || mux === STRANGERS ? this.ownMux : mux;
  }

  /** See `Connections.setBook`. */
  setBook(book: SequenceBook): void {
    this.#supply.setBook(book);
  }

  /** A new block at the next `reserve`, instead of what the connection has. */
  want(mux: number, atLeast = 0): void {
    this.#newcomers.set(mux, Math.max(atLeast, this.#newcomers.get(mux) ?? 0));
  }

  /** The connection is gone, or what it was promised counts no more. */
  forget(mux: number): void {
    this.#newcomers.delete(mux);
    this.#supply.forget(mux);
  }

  /** The connection has used half of its last block. */
  refill(mux: number): void {
    this.#supply.refill(mux, this.headerMux(mux));
  }

  /** All blocks that are wanted, by connection. After an error nobody is promised one. @throws AnytunError `state`, `sequence-exhausted` */
  reserve(): [mux: number, range: SequenceRange][] {
    const requests = Array.from(this.#newcomers, ([mux, atLeast]) => ({
      mux,
      headerMux: this.headerMux(mux),
      atLeast,
    }));
    this.#newcomers.clear();
    if (requests.length === 0) return [];
    const ranges = this.#supply.first(requests);
    return ranges.flatMap((range, index): [number, SequenceRange][] => {
      const mux = requests[index]?.mux;
      return mux === undefined ? [] : [[mux, range]];
    });
  }

  /** Ends retries under way. Idempotent. */
  close(): void {
    this.#supply.close();
  }
}
