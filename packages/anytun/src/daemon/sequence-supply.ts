/** Keeps the data plane in sequence numbers: reserves the next block while the last one is in use. */
import type { SequenceRange } from "satp-core";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "./clock.ts";
import { FIRST_BLOCK, nextBlockSize } from "./sequence-space.ts";

/** Wait before the next try when the state directory could not be written. */
const RETRY_MS = 2_000;

/** The part of a sequence store that is needed here. Each call hands out numbers that were never handed out before. */
export interface RangeSource {
  /** @throws AnytunError `state`, `sequence-exhausted` */
  reserve(count: number): SequenceRange;
}

export class SequenceSupply {
  readonly #source: RangeSource;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #blockSize = FIRST_BLOCK;
  #reservedAt: number;

  constructor(source: RangeSource, log: Logger, clock: Clock) {
    this.#source = source;
    this.#log = log;
    this.#clock = clock;
    this.#reservedAt = clock.now();
  }

  /** The block to start with. @throws AnytunError `state`, `sequence-exhausted` */
  first(): SequenceRange {
    return this.#source.reserve(this.#blockSize);
  }

  /**
   * Reserves the next block and hands it over, however often that takes. When the key has no numbers left it says
   * so and gives up: the data plane then counts what it cannot send.
   */
  async refill(deliver: (range: SequenceRange) => void): Promise<void> {
    const now = this.#clock.now();
    this.#blockSize = nextBlockSize(this.#blockSize, now - this.#reservedAt);
    this.#reservedAt = now;
    for (let failures = 0; !this.#abort.signal.aborted; failures++) {
      try {
        const range = this.#source.reserve(this.#blockSize);
        if (failures > 0) this.#log.notice("sequence numbers can be reserved again");
        deliver(range);
        return;
      } catch (error) {
        const final = error instanceof AnytunError && error.code === "sequence-exhausted";
        if (final || failures === 0) this.#log.error(errorText(error));
        if (final) return;
      }
      await this.#clock.sleep(RETRY_MS, this.#abort.signal);
    }
  }

  /** Ends a retry under way. Idempotent. */
  close(): void {
    this.#abort.abort();
  }
}
