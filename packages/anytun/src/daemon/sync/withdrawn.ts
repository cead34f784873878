/**
 * What the cluster has withdrawn, for a while: a node that did not hear of it then still tells of it when it comes back.
 */
import type { EntryKey } from "satp-sync";

/** Longer than anybody leaves a cluster in parts. */
const MEMORY_MS = 3_600_000;
/** The oldest are forgotten then. */
const MOST = 100_000;

export class Withdrawn {
  readonly #sinceMs = new Map<EntryKey, number>();

  get isEmpty(): boolean {
    return this.#sinceMs.size === 0;
  }

  add(key: EntryKey, nowMs: number): void {
    this.#sinceMs.delete(key);
    this.#sinceMs.set(key, nowMs);
    for (const [oldest, sinceMs] of this.#sinceMs) {
      if (this.#sinceMs.size <= MOST && nowMs - sinceMs < MEMORY_MS) break;
      this.#sinceMs.delete(oldest);
    }
  }

  has(key: EntryKey, nowMs: number): boolean {
    const sinceMs = this.#sinceMs.get(key);
    return sinceMs !== undefined && nowMs - sinceMs < MEMORY_MS;
  }

  /** It is there again. */
  delete(key: EntryKey): void {
    this.#sinceMs.delete(key);
  }
}
