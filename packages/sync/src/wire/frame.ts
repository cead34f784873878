/** Frames: a length of five digits, one byte, an archive (spec: sync-protocol.md 2). */

/** Longest archive whose length fits into five digits. */
export const MAX_ARCHIVE_BYTES = 99_999;

const LENGTH_DIGITS = 5;
const HEADER_BYTES = LENGTH_DIGITS + 1;
const FIRST_CAPACITY = 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The frame of an archive; one character is one byte. */
export function frameText(archive: string): string {
  return `${archive.length.toString().padStart(LENGTH_DIGITS, "0")} ${archive}`;
}

/** The bytes of a frame. */
export function encodeFrame(archive: string): Uint8Array {
  return Buffer.from(frameText(archive), "latin1");
}

/**
 * Length that five bytes stand for, as the originals take it: blanks and a sign before the digits, whatever is behind
 * them ignored, 0 without any. Negative lengths come out negative.
 */
export function frameLength(bytes: Uint8Array, at: number): number {
  const end = at + LENGTH_DIGITS;
  let i = at;
  while (i < end && isBlank(bytes[i] ?? 0)) i++;
  const sign = bytes[i];
  if (sign === 0x2b || sign === 0x2d) i++;
  let length = 0;
  for (; i < end; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    length = length * 10 + digit;
  }
  return sign === 0x2d ? -length : length;
}

/** Frames in bytes that this program wrote: whole ones, one after another. */
export function frameCount(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += HEADER_BYTES + Math.max(0, frameLength(bytes, at))) count++;
  return count;
}

/**
 * Cuts a stream into archives, whatever pieces it comes in. Holds at most one frame. Line feeds between frames are skipped:
 * the originals write none, but files of frames have them.
 */
export class FrameReader {
  #held: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  #heldBytes = 0;
  /** A length below 0 was read: where the next frame begins cannot be known. */
  #isLost = false;

  /** Whether the stream ended inside a frame, if it ends here. */
  get isInsideFrame(): boolean {
    return this.#heldBytes > 0;
  }

  /**
   * @param take gets each archive that is complete, as a view that is valid during the call; false ends the reading
   * @returns false when `take` said so, or the lengths make no sense; the reader is of no use then
   */
  push(chunk: Uint8Array, take: (archive: Uint8Array) => boolean): boolean {
    let at = 0;
    while (at < chunk.length && !this.#isLost) {
      if (this.#heldBytes > 0) {
        at = this.#complete(chunk, at);
        const end = this.#heldEnd();
        if (this.#isLost || this.#heldBytes < end) continue;
        this.#heldBytes = 0;
        if (!take(this.#held.subarray(HEADER_BYTES, end))) this.#isLost = true;
        continue;
      }
      const first = chunk[at];
      if (first === LINE_FEED || first === CARRIAGE_RETURN) {
        at++;
        continue;
      }
      const end = chunk.length - at < HEADER_BYTES ? Number.POSITIVE_INFINITY : this.#frameEnd(chunk, at);
      if (end > chunk.length) {
        this.#hold(chunk, at, chunk.length);
        at = chunk.length;
      } else if (!this.#isLost) {
        if (!take(chunk.subarray(at + HEADER_BYTES, end))) this.#isLost = true;
        at = end;
      }
    }
    return !this.#isLost;
  }

  /** Takes from the chunk what the held frame lacks, header first. */
  #complete(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#heldEnd() - this.#heldBytes);
    this.#hold(chunk, at, end);
    return end;
  }

  /** Bytes that the held frame has, or that its header has as long as it is not complete. */
  #heldEnd(): number {
    return this.#heldBytes < HEADER_BYTES ? HEADER_BYTES : this.#frameEnd(this.#held, 0);
  }

  #frameEnd(bytes: Uint8Array, at: number): number {
    const length = frameLength(bytes, at);
    if (length < 0) this.#isLost = true;
    return at + HEADER_BYTES + length;
  }

  #hold(chunk: Uint8Array, from: number, end: number): void {
    const bytes = this.#heldBytes + end - from;
    if (bytes > this.#held.length) {
      const grown = new Uint8Array(Math.min(2 ** Math.ceil(Math.log2(bytes)), HEADER_BYTES + MAX_ARCHIVE_BYTES));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(chunk.subarray(from, end), this.#heldBytes);
    this.#heldBytes = bytes;
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
