/**
 * Up to where the originals of the cluster may have used their own numbers. An original that is told of a connection takes the
 * number in that message as its own, even a lower one (spec: sync-protocol.md 8.1): it would repeat key streams, and clients
 * with a replay window would refuse it until it has passed where it was. So it must never be told of a lower one.
 *
 * Nobody sees what an original sends, so from where it was heard of a number is taken to grow with time. All nodes of ours hear
 * of the same numbers and reckon alike, so that what one of them tells an original is not above what the others tell it later.
 */

/** Packets a second to one client, for as long as nobody tells of it. */
const RATE = 2048;
/** What may be sent at once, and until a message arrives. */
const BURST = 65_536;
/** The rest is left to the originals, which begin again behind the last number. */
const LAST = 0xf0000000;

interface Noted {
  readonly number: number;
  readonly atMs: number;
}

export class OriginalNumbers {
  readonly #noted = new Map<number, Noted>();
  #sinceMs: number | undefined;

  /** Whether an original is there that sends; without one numbers stay where they are. */
  follow(isThere: boolean, nowMs: number): void {
    if (isThere) this.#sinceMs ??= nowMs;
    else this.#sinceMs = undefined;
  }

  /** A node has told of a number. @param isOwn whether it is known to be an original that sends with it */
  note(mux: number, told: number, atMs: number, isOwn: boolean): void {
    const number = isOwn ? Math.max(told, Math.min(told + BURST, LAST)) : told;
    if (number > this.#reached(mux, atMs)) this.#noted.set(mux, { number, atMs });
  }

  /** The number to be told now. @param own what this node has reserved, which counts until originals are known to send */
  tell(mux: number, own: number, nowMs: number): number {
    const reached = this.#reached(mux, nowMs);
    if (this.#sinceMs !== undefined && reached > 0) return reached;
    if (own > reached) this.note(mux, own, nowMs, false);
    return Math.max(own, reached);
  }

  delete(mux: number): void {
    this.#noted.delete(mux);
  }

  #reached(mux: number, nowMs: number): number {
    const noted = this.#noted.get(mux);
    if (noted === undefined) return 0;
    const { number, atMs } = noted;
    if (this.#sinceMs === undefined) return number;
    const sinceMs = Math.max(atMs, this.#sinceMs);
    const grown = number + Math.floor((Math.max(0, nowMs - sinceMs) * RATE) / 1000);
    return Math.max(number, Math.min(grown, LAST));
  }
}
