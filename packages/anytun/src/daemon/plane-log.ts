/** What the data plane reports, in the words of the log (spec: anytun-cli.md 7 and 10). */
import { formatEndpoint } from "satp-core";
import type { LivenessChange, Rejections } from "../data-plane/messages.ts";
import type { DataPlaneEvent } from "../data-plane/thread.ts";
import { LOG_ERROR, LOG_NOTICE, LOG_WARNING } from "../log/level.ts";
import type { Logger } from "../log/logger.ts";
import { RateLimiter } from "../log/rate-limiter.ts";
import type { Clock } from "./clock.ts";

/** What lasts until somebody changes an MTU is said once, and how often it happened now and then. */
const LASTING = { lines: 1, intervalMs: 600_000 };

export class PlaneLog {
  readonly #log: Logger;
  readonly #limiter: RateLimiter;
  readonly #lasting: RateLimiter;
  readonly #device: string;
  readonly #headerMux: () => number | undefined;

  /** @param headerMux the one in the header of all that we send; undefined with routes: there it is each peer's own */
  constructor(log: Logger, clock: Clock, device: string, headerMux: () => number | undefined) {
    this.#log = log;
    this.#limiter = new RateLimiter(log, () => clock.now());
    this.#lasting = new RateLimiter(log, () => clock.now(), LASTING);
    this.#device = device;
    this.#headerMux = headerMux;
  }

  onEvent(event: DataPlaneEvent): void {
    switch (event.type) {
      case "peer-detected":
        this.peerDetected(event.mux, event.endpoint);
        break;
      case "endpoint-moved":
        this.endpointMoved(event.mux, event.endpoint);
        break;
      case "candidate-appeared":
        this.candidateAppeared(event.mux, event.endpoint);
        break;
      case "rejected":
        this.rejected(event.rejections);
        break;
      case "segments-refused":
        this.segmentsRefused();
        break;
      case "liveness":
        this.livenessChanged(event.changes, event.count);
        break;
    }
  }

  peerDetected(mux: number, endpoint: Int32Array): void {
    const text = formatEndpoint(endpoint);
    this.#log.notice(`autodetected remote host ${text}`);
    this.#log.notice(`added connection remote host ${text}`);
    const own = this.#headerMux();
    if (own === undefined || mux === own) return;
    this.#log.warning(`the peer sends with mux ${mux} and we with ${own}: it may drop what we send; use one -m`);
  }

  endpointMoved(mux: number, endpoint: Int32Array): void {
    const text = `connection ${mux} autodetected remote host ip changed ${formatEndpoint(endpoint)}`;
    this.#limiter.note("endpoint-moved", LOG_NOTICE, text);
  }

  candidateAppeared(mux: number, endpoint: Int32Array): void {
    const text = `connection ${mux} may have moved to ${formatEndpoint(endpoint)}: copies go there until it is certain`;
    this.#limiter.note("candidate", LOG_NOTICE, text);
  }

  /** @param count all that changed, of which some are named */
  livenessChanged(changes: readonly LivenessChange[], count: number): void {
    for (const { mux, endpoint, isSilent } of changes) {
      const text = `connection ${mux} remote host ${formatEndpoint(endpoint)} is ${isSilent ? "silent" : "alive"}`;
      this.#limiter.note("liveness", LOG_NOTICE, text);
    }
    const unnamed = "remote hosts fell silent or are alive again: see anytun status";
    this.#limiter.note("unnamed-liveness", LOG_NOTICE, unnamed, count - changes.length);
  }

  rejected({ badTags, replays, lastReplay, tooLong, noSequence, sendTooBig }: Rejections): void {
    this.#limiter.note("bad-tag", LOG_NOTICE, "wrong Authentication Tag!", badTags);
    if (lastReplay !== undefined) {
      const { endpoint, sequence, senderId } = lastReplay;
      const text = `Replay attack from ${formatEndpoint(endpoint)} seq:${sequence} sid: ${senderId}`;
      this.#limiter.note("replay", LOG_NOTICE, text, replays);
    }
    const device = this.#device;
    const long = `frames too long for the tunnel were dropped and their senders told by ICMP: lower the MTU of ${device}`;
    this.#lasting.note("too-long", LOG_WARNING, long, tooLong);
    const big = `datagrams were refused as too long for the path (EMSGSIZE): lower the MTU of ${device}`;
    this.#lasting.note("send-too-big", LOG_WARNING, big, sendTooBig);
    this.#limiter.note("no-sequence", LOG_ERROR, "frames were dropped: no sequence numbers are reserved", noSequence);
  }

  segmentsRefused(): void {
    const cause = `datagrams are longer than the path takes in one piece, or a device below takes none`;
    this.#log.warning(`${cause}: they leave one by one, which is slower; a lower MTU of ${this.#device} may help`);
  }

  /** Writes the summaries that are due. */
  flush(): void {
    this.#limiter.flush();
    this.#lasting.flush();
  }

  /** Writes all summaries. */
  finish(): void {
    this.#limiter.finish();
    this.#lasting.finish();
  }
}
