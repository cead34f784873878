import type { Rejections } from "../data-plane/messages.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "./clock.ts";
export declare class PlaneLog {
  #private;
  /** @param mux the one in the header of what we send */
  constructor(log: Logger, clock: Clock, device: string, mux: number);
  peerDetected(mux: number, endpoint: Int32Array): void;
  endpointMoved(mux: number, endpoint: Int32Array): void;
  rejected({ badTags, replays, lastReplay, tooLong, noSequence }: Rejections): void;
  segmentsRefused(): void;
  /** Writes the summaries that are due. */
  flush(): void;
  /** Writes all summaries. */
  finish(): void;
}
