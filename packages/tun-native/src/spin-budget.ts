/** How long a poller looks for the next packet before it sleeps, learnt from how the last waits ended. */

/** The longest look, in microseconds. */
export const MOST_SPIN_US = 50;
const MOST_NS: number = MOST_SPIN_US * 1000;
const LEAST_NS = 1000;
/** Waits without a look after looks have failed down to nothing, or one took too long, before the next try. */
const PAUSE_WAITS = 64;

/**
 * A look that finds a packet saves two processors a sleep and a wake-up; one that finds none is time wasted. So each
 * failure halves the time for the next look and each success restores all of it. After a wait that ended without a
 * packet there is no look at all: the source is idle. Nor is there one on a busy machine: who is looking lets others have
 * the processor first, and from one who computes he gets it back after milliseconds, from a sleep at once.
 */
export class SpinBudget {
  /** Time for the next look; 0 = sleep at once. */
  nanoseconds = 0;
  #grant: number = MOST_NS;
  #pause = 0;

  /**
   * Notes how a wait ended.
   * @param slept whether it had to sleep after the look
   * @param packets whether it ended with packets, not with a time-out or a wake-up
   * @param isCrowded whether it was a look during which somebody else kept the processor
   */
  learn(slept: boolean, packets: boolean, isCrowded: boolean): void {
    // All is read, computed and stored each time: a part that comes later than the others would find no compiled code.
    const looked = this.nanoseconds > 0;
    const before = this.#grant;
    const half = before >> 1;
    const isLong = before > LEAST_NS;
    let grant = before;
    let pause = this.#pause;
    if (isCrowded) pause = PAUSE_WAITS;
    else if (looked && !slept) grant = MOST_NS;
    else if (looked && isLong) grant = half;
    else if (looked) pause = PAUSE_WAITS;
    const isPausing = pause > 0;
    const left = pause - (isPausing && packets ? 1 : 0);
    const isOver = left === 0;
    if (isPausing && isOver) grant = MOST_NS;
    this.#grant = grant;
    this.#pause = left;
    this.nanoseconds = packets && isOver ? grant : 0;
  }
}
