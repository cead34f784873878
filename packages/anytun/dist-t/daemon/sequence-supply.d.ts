/** Keeps the data plane in sequence numbers: reserves the next block while the last one is in use. */
import type { SequenceRange } from "satp-core";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "./clock.ts";
/** The part of a sequence store that is needed here. Each call hands out numbers that were never handed out before. */
export interface RangeSource {
  /** @throws AnytunError `state`, `sequence-exhausted` */
  reserve(count: number): SequenceRange;
}
export declare class SequenceSupply {
  #private;
  constructor(source: RangeSource, log: Logger, clock: Clock);
  /** The block to start with. @throws AnytunError `state`, `sequence-exhausted` */
  first(): SequenceRange;
  /**
   * Reserves the next block and hands it over, however often that takes. When the key has no numbers left it says
   * so and gives up: the data plane then counts what it cannot send.
   */
  refill(deliver: (range: SequenceRange) => void): Promise<void>;
  /** Ends a retry under way. Idempotent. */
  close(): void;
}
