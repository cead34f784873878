/**
 * What one client has not taken yet. First the snapshot of the moment when it came, in pieces that all clients share; then
 * what has changed since, the latest state of each entry only. So a slow client costs an index and a map, never a second copy of
 * the table, and gets the newest state instead of every state there was.
 */
import type { EntryKey } from "../state/cluster-table.ts";

/** Frames, or what makes them when it is their turn: those that tell the time. */
export type Frames = Uint8Array | (() => Uint8Array);

/** Frames are joined to pieces of this size before they are written. */
const JOIN_BYTES = 65_536;

export class ClientQueue {
  #pieces: readonly Uint8Array[];
  #at = 0;
  /** In the order in which the keys first came; a newer frame takes the place of the older one. */
  readonly #changes = new Map<EntryKey, Frames>();
  #changeBytes = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#pieces.length && this.#changes.size === 0;
  }

  /** Bytes of changes that wait; the snapshot does not count, it is shared. */
  get changeBytes(): number {
    return this.#changeBytes;
  }

  /** Changes that wait. */
  get changes(): number {
    return this.#changes.size;
  }

  /** Bytes that wait, what is left of the snapshot included. */
  get bytes(): number {
    let bytes = this.#changeBytes;
    for (let at = this.#at; at < this.#pieces.length; at++) bytes += this.#pieces[at]?.length ?? 0;
    return bytes;
  }

  put(key: EntryKey, frames: Frames): void {
    this.#changeBytes += bytesOf(frames) - bytesOf(this.#changes.get(key));
    this.#changes.set(key, frames);
  }

  /** Forgets a change that was not taken yet. */
  drop(key: EntryKey): void {
    this.#changeBytes -= bytesOf(this.#changes.get(key));
    this.#changes.delete(key);
  }

  /** The next bytes to write; undefined when there are none. */
  take(): Uint8Array | undefined {
    const piece = this.#pieces[this.#at];
    if (piece !== undefined) {
      this.#at++;
      if (this.#at === this.#pieces.length) this.#forgetSnapshot();
      return piece;
    }
    return this.#takeChanges();
  }

  /** A snapshot that nobody needs any more is memory. */
  #forgetSnapshot(): void {
    this.#pieces = [];
    this.#at = 0;
  }

  #takeChanges(): Uint8Array | undefined {
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (const [key, waiting] of this.#changes) {
      const made = typeof waiting === "function" ? waiting() : waiting;
      frames.push(made);
      bytes += made.length;
      this.#changeBytes -= bytesOf(waiting);
      this.#changes.delete(key);
      if (bytes >= JOIN_BYTES) break;
    }
    return frames.length === 1 ? frames[0] : frames.length === 0 ? undefined : Buffer.concat(frames, bytes);
  }
}

/** What is not made yet takes no memory. */
function bytesOf(frames: Frames | undefined): number {
  return frames === undefined || typeof frames === "function" ? 0 : frames.length;
}
