/** What went over a connection, or over all of them together. */

export interface LinkCounts {
  readonly framesIn: number;
  readonly bytesIn: number;
  readonly framesOut: number;
  readonly bytesOut: number;
}

/** Counts up only. */
export class LinkCounter implements LinkCounts {
  framesIn = 0;
  bytesIn = 0;
  framesOut = 0;
  bytesOut = 0;
}

/** How often each of some kinds happened; kinds that never did are absent. */
export class KindCounter<Kind extends string> {
  readonly #counts = new Map<Kind, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(kind: Kind): void {
    this.#total++;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** In the order in which they first happened. */
  all(): ReadonlyMap<Kind, number> {
    return new Map(this.#counts);
  }
}
