import type { SequenceRange } from "satp-core";
import type { SequenceBook, SequenceRequest } from "../../src/daemon/sequence-book.ts";

/** Hands out consecutive numbers for each mux, or throws what is in `failures` first. */
export class MemoryBook implements SequenceBook {
  readonly failures: Error[] = [];
  /** Calls so far: each would be one write to a disk. */
  calls = 0;
  readonly #next = new Map<number, number>();

  reserve(requests: readonly SequenceRequest[]): SequenceRange[] {
    this.calls++;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    return requests.map(({ mux, count, atLeast = 0 }) => {
      const first = Math.max(this.#next.get(mux) ?? 0, atLeast);
      this.#next.set(mux, first + count);
      return { senderId: 0, first, end: first + count };
    });
  }
}
