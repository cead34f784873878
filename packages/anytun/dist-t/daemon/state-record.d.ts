import type { SequencePosition } from "./sequence-space.ts";
export declare const RECORD_BYTES = 48;
export interface StateRecord extends SequencePosition {
  /** Grows by one with each write; the valid slot with the higher one counts. */
  readonly generation: number;
}
export declare function encodeRecord(record: StateRecord, fingerprint: string): Buffer;
/** The record, or undefined for anything that was not written completely for this fingerprint. */
export declare function decodeRecord(bytes: Buffer, fingerprint: string): StateRecord | undefined;
