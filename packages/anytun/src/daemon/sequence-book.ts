/**
 * Own sequence numbers that are used at most once, whatever happens to the process: a block is on the disk as used
 * before its first number is handed out, so a crash skips numbers and never repeats one.
 *
 * Numbers are kept for each sender id and mux, not for each key. Connections come and go and change their keys, and
 * some come back with a key that they had before: a number that was used with one key is simply never used with another.
 * So the file shows nothing of keys, and 10,000 connections cost one write.
 *
 * Not covered: a state directory that is set back (a restored backup, a cloned machine), and two machines that
 * share key, role, mux and sender id.
 */
import { randomInt } from "node:crypto";
import type { SequenceRange } from "satp-core";
import type { Logger } from "../log/logger.ts";
import {
  firstPosition,
  later,
  type RandomInt,
  type SequencePosition,
  type SequenceSpace,
  takeRange,
} from "./sequence-space.ts";
import { type FileLock, StateFile } from "./state-file.ts";

export interface SequenceRequest {
  /** The one in the header of what is sent with the numbers. */
  readonly mux: number;
  /** How many: fewer come at the end of an epoch, at least one. */
  readonly count: number;
  /** The first one is not below this, as long as the first epoch lasts. */
  readonly atLeast?: number | undefined;
}

/** Hands out each number of a mux at most once, whatever keys it is used with. */
export interface SequenceBook {
  /**
   * Blocks until all of it is on the disk; the answers are in the order of the requests.
   * @throws AnytunError `state` or `sequence-exhausted`; no number is handed out then
   */
  reserve(requests: readonly SequenceRequest[]): SequenceRange[];
}

export interface SequenceBookOptions {
  /** Absolute directory, made when it is missing; `none` = nothing is kept, with a warning. */
  readonly dir: string;
  /** Of the first epoch, 0–65535. */
  readonly senderId: number;
  /** Whether there are keystreams at all: without, nothing can repeat. */
  readonly hasKeys: boolean;
  readonly lock: FileLock;
  readonly log: Logger;
  /** Nodes with the same keys and other low bytes of the sender id exist: 256 epochs instead of 65,536. */
  readonly cluster?: boolean;
  readonly random?: RandomInt;
}

export class StoredSequenceBook implements SequenceBook {
  readonly #space: SequenceSpace;
  readonly #file: StateFile | undefined;
  /** The first number that this process has not seen reserved, by mux: a file that was set back is not followed. */
  readonly #positions = new Map<number, SequencePosition>();

  private constructor(space: SequenceSpace, file: StateFile | undefined) {
    this.#space = space;
    this.#file = file;
  }

  /** @throws AnytunError `state` when the numbers cannot be kept */
  static open(options: SequenceBookOptions): StoredSequenceBook {
    const { dir, senderId, hasKeys, lock, log, cluster = false, random = randomInt } = options;
    const kept = dir !== "none";
    const space: SequenceSpace = { baseSenderId: senderId, cluster, kept, random };
    if (kept) return new StoredSequenceBook(space, StateFile.open(dir, senderId, lock));
    if (hasKeys) {
      log.warning("used sequence numbers are not kept (--state-dir none): a restart may repeat keystreams");
    }
    return new StoredSequenceBook(space, undefined);
  }

  /** The file in use; absent when nothing is kept. */
  get path(): string | undefined {
    return this.#file?.path;
  }

  reserve(requests: readonly SequenceRequest[]): SequenceRange[] {
    if (this.#file === undefined) return requests.map((request) => this.#take(request, undefined));
    return this.#file.update((records) =>
      requests.map((request) => {
        const range = this.#take(request, records.read(request.mux));
        records.write(request.mux, this.#positionOf(request.mux));
        return range;
      }),
    );
  }

  /** Idempotent. */
  close(): void {
    this.#file?.close();
  }

  #take({ mux, count, atLeast = 0 }: SequenceRequest, stored: SequencePosition | undefined): SequenceRange {
    const own = this.#positionOf(mux, stored);
    const from = stored === undefined ? own : later(own, stored);
    const least = from.epoch === 0 && atLeast > from.next ? { epoch: 0, next: Math.min(atLeast, 2 ** 32) } : from;
    const { range, next } = takeRange(this.#space, least, count);
    this.#positions.set(mux, next);
    return range;
  }

  #positionOf(mux: number, otherwise?: SequencePosition): SequencePosition {
    return this.#positions.get(mux) ?? otherwise ?? firstPosition(this.#space);
  }
}
