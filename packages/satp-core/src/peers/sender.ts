/** What is remembered of each sender id of a peer: anycast nodes share a mux and differ in the sender id. */
import { checkRange } from "../errors.ts";
import { MAX_WINDOW_SIZE, ReplayWindow, windowBytes } from "../replay/replay-window.ts";
import { SequenceVerdict } from "../replay/sequence-verdict.ts";

/** Memory for the replay windows of one peer, in bytes: a peer with our keys must not exhaust ours. */
export const WINDOW_MEMORY: number = 32 * 1024 * 1024;
/** There are no more sender ids than this. */
const MAX_SENDERS = 0x10000;

/** One sender id: its replay window, if there is protection, and what the roaming rule needs to know. */
class Sender {
  readonly id: number;
  readonly window: ReplayWindow | undefined;
  /** Highest number accepted. */
  newest = -1;
  /** Whether the peer's endpoint was heard with it. */
  settled = false;

  constructor(id: number, windowSize: number) {
    this.id = id;
    this.window = windowSize === 0 ? undefined : new ReplayWindow(windowSize);
  }

  judge(bits: number): SequenceVerdict {
    if (this.window?.checkAndMark(bits) === SequenceVerdict.replayed) return SequenceVerdict.replayed;
    const sequence = bits >>> 0;
    const newest = this.newest;
    if (sequence > newest) {
      this.newest = sequence;
      return newest < 0 ? SequenceVerdict.first : SequenceVerdict.newer;
    }
    return SequenceVerdict.older;
  }
}

/** The sender ids of one peer. */
export class Senders {
  /** Most sender ids that get memory. */
  readonly limit: number;
  readonly #windowSize: number;
  readonly #byId = new Map<number, Sender>();
  /** Nearly every packet comes from the same sender id as the one before. */
  #last: Sender | undefined;

  /**
   * @param windowSize packets, 0 = no replay protection
   * @throws SatpError `out-of-range`
   */
  constructor(windowSize: number) {
    checkRange("window size", windowSize, 0, MAX_WINDOW_SIZE);
    this.#windowSize = windowSize;
    this.limit = Math.min(MAX_SENDERS, Math.floor(WINDOW_MEMORY / windowBytes(windowSize)));
  }

  /** Sender ids seen so far. */
  get size(): number {
    return this.#byId.size;
  }

  /**
   * Judges the sequence number of an authenticated packet and remembers it (spec: satp-wire.md 10).
   * Without replay protection nothing is `replayed`. `newer` is a plain comparison, with a window too: a
   * sender that starts again from 0, or goes on there after 2³² − 1, stays `older` until it passes its highest
   * number, for whoever recorded its beginning can send the same.
   * @param bits the 32 bits of the sequence number, signed or unsigned
   */
  judge(senderId: number, bits: number): SequenceVerdict {
    let sender = this.#last;
    if (sender === undefined || sender.id !== senderId) {
      sender = this.#byId.get(senderId);
      if (sender === undefined) {
        if (this.#byId.size >= this.limit) return SequenceVerdict.senderLimit;
        sender = new Sender(senderId, this.#windowSize);
        this.#byId.set(senderId, sender);
      }
      this.#last = sender;
    }
    return sender.judge(bits);
  }

  /** Whether the sender id judged last was ever heard at the peer's endpoint. */
  get isSettled(): boolean {
    return this.#last?.settled ?? false;
  }

  /** The sender id judged last was heard at the peer's endpoint. */
  settle(): void {
    if (this.#last !== undefined) this.#last.settled = true;
  }
}
