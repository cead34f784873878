import type { SequenceRange } from "satp-core";
import type { Logger } from "../log/logger.ts";
import { type SequenceIdentity } from "./sequence-identity.ts";
import { type RandomInt } from "./sequence-space.ts";
import { type FileLock } from "./state-file.ts";
export interface SequenceStoreOptions {
  /** Absolute directory, made when it is missing; `none` = nothing is kept, with a warning. */
  readonly dir: string;
  readonly identity: SequenceIdentity;
  readonly lock: FileLock;
  readonly log: Logger;
  /** Nodes with the same keys and other low bytes of the sender id exist: 256 epochs instead of 65,536. */
  readonly cluster?: boolean;
  readonly random?: RandomInt;
}
export declare class SequenceStore {
  #private;
  private constructor();
  /** @throws AnytunError `state` when the numbers cannot be kept */
  static open(options: SequenceStoreOptions): SequenceStore;
  /** The file in use; absent when nothing is kept. */
  get path(): string | undefined;
  /**
   * Reserves up to `count` numbers, fewer at the end of an epoch, at least one. Blocks until that is on the disk.
   * @throws AnytunError `state` or `sequence-exhausted`; no number is handed out then
   */
  reserve(count: number): SequenceRange;
  /** Idempotent. */
  close(): void;
}
