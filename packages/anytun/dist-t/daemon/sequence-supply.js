import { errorText } from "../error-text.js";
import { AnytunError } from "../errors.js";
import { FIRST_BLOCK, nextBlockSize } from "./sequence-space.js";

/** Wait before the next try when the state directory could not be written. */
const RETRY_MS = 2_000;
export class SequenceSupply {
  #source;
  #log;
  #clock;
  #abort = new AbortController();
  #blockSize = FIRST_BLOCK;
  #reservedAt;
  constructor(source, log, clock) {
    this.#source = source;
    this.#log = log;
    this.#clock = clock;
    this.#reservedAt = clock.now();
  }
  /** The block to start with. @throws AnytunError `state`, `sequence-exhausted` */
  first() {
    return this.#source.reserve(this.#blockSize);
  }
  /**
   * Reserves the next block and hands it over, however often that takes. When the key has no numbers left it says
   * so and gives up: the data plane then counts what it cannot send.
   */
  async refill(deliver) {
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
  close() {
    this.#abort.abort();
  }
}
//# sourceMappingURL=sequence-supply.js.map
