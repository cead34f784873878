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

  get newest(): number {
    return this.#newest >>> 0;
  }

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

  /** See `Senders.follow`. */
  follow(bits: number, count: number): boolean {
    const sequence = bits >>> 0;
    if (this.#isNew || sequence !== (this.#newest >>> 0) + 1 || sequence + count > 2 ** 32) return false;
    if (this.#isProtected && !this.advance(bits, count)) return false;
    this.#newest = (bits + count - 1) | 0;
    return true;
  }

  /** In packets; 0 = no replay protection. */
  get windowSize(): number {
    return this.#isProtected ? this.size : 0;
  }

  override raise(bits: number): void {
    if (this.#isProtected) super.raise(bits);
    if (!this.#isNew && bits >>> 0 <= this.#newest >>> 0) return;
    this.#isNew = false;
    this.#newest = bits | 0;
  }

  /** The same sender id with another window. Where nothing was remembered so far, all old numbers count as seen. */
  resized(windowSize: number): Sender {
    const next = new Sender(this.id, windowSize);
    if (this.#isNew) return next;
    if (this.#isProtected && next.#isProtected) next.inherit(this);
    else next.raise(this.#newest);
    next.#isNew = false;
    next.#newest = this.#newest;
    next.settled = this.settled;
    return next;
  }
}

/** Up to which number a sender id was heard. */
export interface SenderMark {
  readonly senderId: number;
  /** Highest sequence number accepted. */
  readonly newest: number;
}

/** The sender ids of one peer. */
export class Senders {
  #windowSize: number;
  /** Taken from the memory for those that there are. */
  #bytes = 0;
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
  }

  /** Most sender ids that get memory. */
  get limit(): number {
    return Math.min(MAX_SENDERS, Math.floor(WINDOW_MEMORY / windowBytes(this.#windowSize)));
  }

  /** Size of the replay windows in packets; 0 = no replay protection. */
  get windowSize(): number {
    return this.#windowSize;
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

  /**
   * As {@link judge} of `count` numbers from `bits` on, of the sender id judged last, when each is the next one after the highest
   * of all; false when that is not so, and then nothing is judged.
   */
  follow(bits: number, count: number): boolean {
    return this.#last?.follow(bits, count) ?? false;
  }

  /** The sender id judged last, and the highest number accepted from it; undefined before the first. */
  get latest(): { readonly senderId: number; readonly sequence: number } | undefined {
    const sender = this.#last;
    return sender === undefined ? undefined : { senderId: sender.id, sequence: sender.newest };
  }

  /** Whether the sender id judged last was ever heard at the peer's endpoint. */
  get isSettled(): boolean {
    return this.#last?.settled ?? false;
  }

  /** The sender id judged last was heard at the peer's endpoint. */
  settle(): void {
    if (this.#last !== undefined) this.#last.settled = true;
  }

  /** What is known of each sender id, in no order. */
  marks(): SenderMark[] {
    return this.#all().map(({ id, newest }) => ({ senderId: id, newest }));
  }

  /**
   * Somebody who can be trusted heard this sender id up to this number: it counts as seen from now on, and so do all
   * before it. False when there is no memory for the sender id.
   * @param bits the 32 bits of the sequence number, signed or unsigned
   */
  raise(senderId: number, bits: number): boolean {
    const sender = this.#find(senderId);
    sender?.raise(bits);
    return sender !== undefined;
  }

  /**
   * Another window size. What was seen stays seen, and what an old window could not tell counts as seen. A sender id for
   * whose larger window there is no memory keeps its old one.
   * @throws SatpError `out-of-range`
   */
  resize(windowSize: number): void {
    checkRange("window size", windowSize, 0, MAX_WINDOW_SIZE);
    if (windowSize === this.#windowSize) return;
    this.#windowSize = windowSize;
    const last = this.#last?.id;
    for (const [index, sender] of this.#all().entries()) {
      const resized = this.#resized(sender, index);
      this.#byId?.set(resized.id, resized);
      if (resized.id === last) this.#last = resized;
    }
  }

  /** Forgets all sender ids; their memory is for others. */
  forget(): void {
    this.#memory.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#last = undefined;
    this.#byId = undefined;
  }

  #all(): Sender[] {
    if (this.#byId !== undefined) return [...this.#byId.values()];
    return this.#last === undefined ? [] : [this.#last];
  }

  /** The sender id, new if need be, without making it the one judged last. */
  #find(senderId: number): Sender | undefined {
    if (this.#last === undefined) {
      this.#last = this.#add(senderId);
      return this.#last;
    }
    return this.#last.id === senderId ? this.#last : (this.#byId?.get(senderId) ?? this.#add(senderId));
  }

  #resized(sender: Sender, index: number): Sender {
    const more = windowBytes(this.#windowSize) - windowBytes(sender.windowSize);
    if (more > 0 && (index >= this.limit || !this.#memory.take(more, index === 0))) return sender;
    if (more <= 0) this.#memory.giveBack(-more);
    this.#bytes += more;
    return sender.resized(this.#windowSize);
  }

  /** Undefined when there is no memory for it. */
  #add(senderId: number): Sender | undefined {
    const { size } = this;
    const bytes = SENDER_BYTES + windowBytes(this.#windowSize);
    if (size >= this.limit || !this.#memory.take(bytes, size === 0)) return undefined;
    this.#bytes += bytes;
    const sender = new Sender(senderId, this.#windowSize);
    if (this.#last !== undefined) {
      this.#byId ??= new Map([[this.#last.id, this.#last]]);
      this.#byId.set(senderId, sender);
    }
    return sender;
  }
}
