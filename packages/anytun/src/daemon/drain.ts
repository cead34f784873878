/** The orderly end of one of several nodes: the others' turn comes first, and then it waits until nobody needs it any more. */
import type { Logger } from "../log/logger.ts";
import type { Clock } from "./clock.ts";

export interface DrainWish {
  /** So long without a packet from a peer is the end. */
  readonly quietSeconds: number;
  /** It ends after so long in any case. */
  readonly timeoutSeconds: number;
}

export interface DrainState {
  readonly seconds: number;
  /** Since the last packet from a peer. */
  readonly quietSeconds: number;
}

export interface DrainOptions {
  /** Makes the network send elsewhere. */
  readonly withdraw: () => Promise<void>;
  /** Accepted from peers since the start; undefined once the data plane has ended. */
  readonly packetsIn: () => Promise<number | undefined>;
  /** Ends the daemon. */
  readonly end: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_MS = 200;

export class Drain {
  readonly #options: DrainOptions;
  readonly #stop = new AbortController();
  #begunMs: number | undefined;
  #heardMs = 0;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** Undefined until it begins. */
  get state(): DrainState | undefined {
    if (this.#begunMs === undefined) return undefined;
    const now = this.#options.clock.now();
    return { seconds: (now - this.#begunMs) / 1000, quietSeconds: (now - this.#heardMs) / 1000 };
  }

  /** Begins; once it has begun, further wishes change nothing. Never rejects. */
  async run({ quietSeconds, timeoutSeconds }: DrainWish): Promise<void> {
    if (this.#begunMs !== undefined || this.#stop.signal.aborted) return;
    const { withdraw, packetsIn, end, clock, log } = this.#options;
    const begun = clock.now();
    this.#begunMs = begun;
    this.#heardMs = begun;
    log.notice(`draining: ends after ${quietSeconds} sec. without packets, or ${timeoutSeconds} sec. in all`);
    await withdraw();
    let packets = await packetsIn();
    this.#heardMs = clock.now();
    while (packets !== undefined && !this.#stop.signal.aborted) {
      if (clock.now() - this.#heardMs >= quietSeconds * 1000) {
        log.notice("drained: nobody sends to this node any more");
        return end();
      }
      if (clock.now() - begun >= timeoutSeconds * 1000) {
        log.warning(`drained: packets still arrive after ${timeoutSeconds} sec.`);
        return end();
      }
      await clock.sleep(LOOK_MS, this.#stop.signal);
      const before = packets;
      packets = await packetsIn();
      if (packets !== before) this.#heardMs = clock.now();
    }
  }

  /** Lets a drain go; the daemon ends anyway. Idempotent. */
  close(): void {
    this.#stop.abort();
  }
}
