/**
 * Tells our other nodes how far each peer was heard, so that what one of them saw is a replay at all of them. A number is
 * told one round after it was read: what a peer sent meanwhile and is still under way to another node must not be
 * taken for a replay there. So a mark is between one and two rounds old when it is told.
 */
import type { EntryKey, Extension } from "satp-sync";
import { PAGE_PEERS, type PeerPage, readPage } from "../../data-plane/peer-page.ts";
import type { Clock } from "../clock.ts";

/** Milliseconds of a round; it visits every peer, a page at a time. */
export const ROUND_MS = 1000;

export interface ReplayMarkOptions {
  /** Peers from this mux on. */
  readonly peers: (from: number) => Promise<PeerPage | undefined>;
  readonly push: (marks: readonly (readonly [EntryKey, readonly Extension[]])[]) => void;
  /** Whether anybody listens. */
  readonly isHeard: () => boolean;
  /** Peers that there are. */
  readonly count: () => number;
  readonly clock: Clock;
}

interface Mark {
  readonly senderId: number;
  readonly sequence: number;
}

export class ReplayMarks {
  readonly #options: ReplayMarkOptions;
  /** As of the last visit, by mux. */
  readonly #read = new Map<number, Mark>();
  /** What was told last, by mux. */
  readonly #told = new Map<number, Mark>();
  readonly #stop = new AbortController();

  constructor(options: ReplayMarkOptions) {
    this.#options = options;
  }

  /** Goes on until it is closed. */
  async start(): Promise<void> {
    const { clock, count, isHeard } = this.#options;
    const { signal } = this.#stop;
    let from = 0;
    while (!signal.aborted) {
      await clock.sleep(ROUND_MS / Math.max(1, Math.ceil(count() / PAGE_PEERS)), signal);
      if (!signal.aborted && isHeard()) from = (await this.#visit(from)) ?? 0;
    }
  }

  close(): void {
    this.#stop.abort();
  }

  /** @returns where the next page begins */
  async #visit(from: number): Promise<number | undefined> {
    const page = await this.#options.peers(from);
    if (page === undefined) return undefined;
    const marks: [EntryKey, readonly Extension[]][] = [];
    for (const { mux, senders } of readPage(page)) {
      const { latest } = senders;
      if (latest === undefined) continue;
      const before = this.#read.get(mux);
      if (before !== undefined && this.#isNews(mux, before)) {
        this.#told.set(mux, before);
        marks.push([`mark ${mux} ${before.senderId}`, [{ type: "replay-mark", mux, ...before }]]);
      }
      this.#read.set(mux, latest);
    }
    if (marks.length > 0) this.#options.push(marks);
    return page.next;
  }

  #isNews(mux: number, { senderId, sequence }: Mark): boolean {
    const told = this.#told.get(mux);
    return told?.senderId !== senderId || told.sequence < sequence;
  }
}
