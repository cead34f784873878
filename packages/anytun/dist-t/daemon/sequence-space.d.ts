/**
 * Which sequence numbers come next: pure rules, no file, no clock.
 *
 * A (sender id, sequence number) pair is a nonce under keys that never change. The 2³² numbers of one sender id are an
 * epoch; when they are used up, the next epoch goes on with another sender id, which receivers accept unseen.
 */
import type { SequenceRange } from "satp-core";
/** Numbers in the first block: a tenth of a second at full speed, and a 65,536th of an epoch for each restart. */
export declare const FIRST_BLOCK = 65536;
export declare const MAX_BLOCK = 1048576;
/** The first number that was never reserved. */
export interface SequencePosition {
  readonly epoch: number;
  /** 0–2³²; 2³² = this epoch is used up. */
  readonly next: number;
}
/** A random integer in `[least, limit)`. */
export type RandomInt = (least: number, limit: number) => number;
export interface SequenceSpace {
  /** Sender id of epoch 0. */
  readonly baseSenderId: number;
  /** Other nodes with the same keys and other low bytes exist. */
  readonly cluster: boolean;
  /** Positions outlive the process. */
  readonly kept: boolean;
  readonly random: RandomInt;
}
export declare function firstPosition(space: SequenceSpace, epoch?: number): SequencePosition;
/** The first 256 epochs keep the low byte of the base; all 65,536 are different. */
export declare function senderIdOf(baseSenderId: number, epoch: number): number;
/**
 * Takes up to `count` numbers of one epoch; fewer at its end.
 * @throws AnytunError `sequence-exhausted` when no epoch is left
 */
export declare function takeRange(
  space: SequenceSpace,
  position: SequencePosition,
  count: number,
): {
  range: SequenceRange;
  next: SequencePosition;
};
/** The later of two positions. */
export declare function later(a: SequencePosition, b: SequencePosition): SequencePosition;
/** Size of the next block after one of `previous` numbers that lasted `lastedMs` milliseconds. */
export declare function nextBlockSize(previous: number, lastedMs: number): number;
