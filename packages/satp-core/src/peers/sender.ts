/** What is remembered of each sender id of a peer: anycast nodes share a mux and differ in the sender id. */
import { checkRange } from "../errors.ts";
import { MAX_WINDOW_SIZE, ReplayWindow, windowBytes } from "../replay/replay-window.ts";
import { SequenceVerdict } from "../replay/sequence-verdict.ts";

/** Memory for the replay windows of one peer, in bytes: a peer with our keys must not exhaust ours. */
export const WINDOW_MEMORY: number = 32 * 1024 * 1024;
/** There are no more sender ids than this. */
const MAX_SENDERS = 0x10000;
/** Memory for the sender ids of all peers of a tunnel, in bytes. */
export const TUNNEL_MEMORY: number = 256 * 1024 * 1024;
/** Of a sender id besides its window, in bytes: measured 190 with a replay window, rounded up. */
const SENDER_BYTES = 256;

/**
 * What the peers of a tunnel may use together. Half of it is for the first sender id of each peer: those that use
 * many cannot take that from the others.
 */
export class SenderMemory {
  #left: number = TUNNEL_MEMORY;

  /** False when there is not enough. */
  take(bytes: number, isFirst: boolean): boolean {
    const left = this.#left - bytes;
    if (left < (isFirst ? 0 : TUNNEL_MEMORY / 2)) return false;
    this.#left = left;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

/** One sender id: a replay window, which is not asked without replay protection, and what the roaming rule needs to know. */
class Sender extends ReplayWindow {
  readonly id: number;
  /** Whether the peer's endpoint was heard with it. */
  settled = false;
  readonly #isProtected: boolean;
  /** Highest number accepted, as a signed word: above 2³¹ it would be an object of its own. */
  #newest = 0;
  #isNew = true;

  constructor(id: number, windowSize: number) {
    super(Math.max(1, windowSize));
    this.id = id;
    this.#isProtected = windowSize > 0;
  }

  judge(bits: number): SequenceVerdict {
    if (this.#isProtected && this.checkAndMark(bits) === SequenceVerdict.replayed) return SequenceVerdict.replayed;
    if (this.#isNew) {
      this.#isNew = false;
      this.#newest = bits | 0;
      return SequenceVerdict.first;
    }
    if (bits >>> 0 <= this.#newest >>> 0) return SequenceVerdict.older;
    this.#newest = bits | 0;
    return SequenceVerdict.newer;
  }
}

/** The sender ids of one peer. */
export class Senders {
  /** Most sender ids that get memory. */
  readonly limit: number;
  readonly #windowSize: number;
  readonly #memory: SenderMemory;
  /** Nearly every packet comes from the same sender id as the one before, and most peers have only one. */
  #last: Sender | undefined;
  /** All of them, when there are several. */
  #byId: Map<number, Sender> | undefined;

  /**
   * @param windowSize packets, 0 = no replay protection
   * @throws SatpError `out-of-range`
   */
  constructor(windowSize: number, memory: SenderMemory) {
    checkRange("window size", windowSize, 0, MAX_WINDOW_SIZE);
    this.#windowSize = windowSize;
    this.#memory = memory;
    this.limit = Math.min(MAX_SENDERS, Math.floor(WINDOW_MEMORY / windowBytes(windowSize)));
  }

  /** Sender ids seen so far. */
  get size(): number {
    return this.#byId?.size ?? (this.#last === undefined ? 0 : 1);
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
      sender = this.#byId?.get(senderId) ?? this.#add(senderId);
      if (sender === undefined) return SequenceVerdict.senderLimit;
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

  /** Forgets all sender ids; their memory is for others. */
  forget(): void {
    this.#memory.giveBack(this.size * this.#senderBytes);
    this.#last = undefined;
    this.#byId = undefined;
  }

  get #senderBytes(): number {
    return SENDER_BYTES + windowBytes(this.#windowSize);
  }

  /** Undefined when there is no memory for it. */
  #add(senderId: number): Sender | undefined {
    const { size } = this;
    if (size >= this.limit || !this.#memory.take(this.#senderBytes, size === 0)) return undefined;
    const sender = new Sender(senderId, this.#windowSize);
    if (this.#last !== undefined) {
      this.#byId ??= new Map([[this.#last.id, this.#last]]);
      this.#byId.set(senderId, sender);
    }
    return sender;
  }
}
