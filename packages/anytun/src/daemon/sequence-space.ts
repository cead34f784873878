/**
 * Which sequence numbers come next: pure rules, no file, no clock.
 *
 * A (sender id, sequence number) pair is a nonce under keys that never change. The 2³² numbers of one sender id are an
 * epoch; when they are used up, the next epoch goes on with another sender id, which receivers accept unseen.
 */
import type { SequenceRange } from "satp-core";
import { AnytunError } from "../errors.ts";

/** Numbers per epoch: 32 bits on the wire, and no wrap. */
const EPOCH_NUMBERS = 2 ** 32;
/** Sender ids there are. */
const ALL_EPOCHS = 65_536;
/** Epochs that keep the low byte of the sender id; the nodes of a cluster differ in it. */
const CLUSTER_EPOCHS = 256;

/**
 * An epoch begins at a random number in this range: beyond what a program that starts at 0 has used with the same
 * keys, beyond the replay window that such a program left at the receiver, and not where a lost state file began.
 */
const FIRST_NUMBER = { least: 2 ** 28, limit: 2 ** 29 } as const;
/** Without a state file only chance keeps two runs apart, so the start is drawn from more numbers. */
const FIRST_NUMBER_UNKEPT = { least: 2 ** 28, limit: 2 ** 31 } as const;

/** Numbers in the first block: a tenth of a second at full speed, and a 65,536th of an epoch for each restart. */
export const FIRST_BLOCK = 65_536;
export const MAX_BLOCK = 1_048_576;
/** A block that is used up sooner makes the next one twice as large, so that disks are seldom waited for. */
const SHORT_LIVED_MS = 10_000;

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

export function firstPosition(space: SequenceSpace, epoch = 0): SequencePosition {
  const { least, limit } = space.kept ? FIRST_NUMBER : FIRST_NUMBER_UNKEPT;
  return { epoch, next: space.random(least, limit) };
}

/** The first 256 epochs keep the low byte of the base; all 65,536 are different. */
export function senderIdOf(baseSenderId: number, epoch: number): number {
  return (baseSenderId + 256 * (epoch % 256) + Math.floor(epoch / 256)) % ALL_EPOCHS;
}

/** The epoch that has this sender id. */
export function epochOf(baseSenderId: number, senderId: number): number {
  const distance = (senderId - baseSenderId + ALL_EPOCHS) % ALL_EPOCHS;
  return (distance >>> 8) + 256 * (distance & 0xff);
}

/**
 * Takes up to `count` numbers of one epoch; fewer at its end.
 * @throws AnytunError `sequence-exhausted` when no epoch is left
 */
export function takeRange(
  space: SequenceSpace,
  position: SequencePosition,
  count: number,
): { range: SequenceRange; next: SequencePosition } {
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`count ${count}: expected a positive integer`);
  const { epoch, next: first } = position.next < EPOCH_NUMBERS ? position : firstPosition(space, position.epoch + 1);
  if (epoch >= (space.cluster ? CLUSTER_EPOCHS : ALL_EPOCHS)) {
    const text = "all sequence numbers of a mux are used up; nothing more can be sent until there are new keys";
    throw new AnytunError("sequence-exhausted", text);
  }
  const end = Math.min(first + count, EPOCH_NUMBERS);
  return { range: { senderId: senderIdOf(space.baseSenderId, epoch), first, end }, next: { epoch, next: end } };
}

/** The later of two positions. */
export function later(a: SequencePosition, b: SequencePosition): SequencePosition {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.next >= b.next) ? a : b;
}

/** Size of the next block after one of `previous` numbers that lasted `lastedMs` milliseconds. */
export function nextBlockSize(previous: number, lastedMs: number): number {
  return lastedMs < SHORT_LIVED_MS ? Math.min(previous * 2, MAX_BLOCK) : previous;
}
