/** What a client can say about its link to one server: where it stands, what came and went, what went wrong last. */
import { KindCounter, LinkCounter, type LinkCounts } from "../counts.ts";
import type { Unusable } from "../state/usable.ts";
import type { ArchiveFault } from "../wire/text-archive.ts";

/** Why a frame was not taken: the archive cannot be read, or what it says cannot be used. */
export type RefusedFrame = ArchiveFault | Unusable;

export interface SyncClientStatus {
  readonly state: "connecting" | "connected" | "waiting";
  /** Milliseconds in this state. */
  readonly sinceMs: number;
  /** Milliseconds until the next try, while waiting. */
  readonly retryMs: number | undefined;
  /** Over all connections since the start. */
  readonly counts: LinkCounts;
  readonly refused: ReadonlyMap<RefusedFrame, number>;
  /** Why the last connection ended, or did not come about. */
  readonly lastError: { readonly reason: string; readonly agoMs: number } | undefined;
}

export class LinkRecord {
  readonly counts: LinkCounter = new LinkCounter();
  readonly refused: KindCounter<RefusedFrame> = new KindCounter();
  readonly #now: () => number;
  #state: SyncClientStatus["state"] = "connecting";
  #sinceMs: number;
  #retryMs = 0;
  #lastError: { readonly reason: string; readonly atMs: number } | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#sinceMs = now();
  }

  get isConnected(): boolean {
    return this.#state === "connected";
  }

  get status(): SyncClientStatus {
    const now = this.#now();
    const sinceMs = now - this.#sinceMs;
    const error = this.#lastError;
    return {
      state: this.#state,
      sinceMs,
      retryMs: this.#state === "waiting" ? Math.max(0, this.#retryMs - sinceMs) : undefined,
      counts: { ...this.counts },
      refused: this.refused.all(),
      lastError: error === undefined ? undefined : { reason: error.reason, agoMs: now - error.atMs },
    };
  }

  connecting(): void {
    this.#enter("connecting");
  }

  connected(): void {
    this.#enter("connected");
  }

  waiting(reason: string, retryMs: number): void {
    this.#enter("waiting");
    this.#retryMs = retryMs;
    this.#lastError = { reason, atMs: this.#sinceMs };
  }

  #enter(state: SyncClientStatus["state"]): void {
    this.#state = state;
    this.#sinceMs = this.#now();
  }
}
