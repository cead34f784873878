/** What a sync server says in the log. Whatever strangers can cause is held back to a few lines. */
import type { HubEvents, ListenEvents } from "satp-sync";
import type { Clock } from "../daemon/clock.ts";
import { LOG_INFO, LOG_NOTICE, LOG_WARNING } from "../log/level.ts";
import type { Logger } from "../log/logger.ts";
import { RateLimiter } from "../log/rate-limiter.ts";

const FLUSH_MS = 10_000;

export class SyncServerLog {
  readonly listenEvents: ListenEvents;
  readonly hubEvents: HubEvents;
  readonly #lines: RateLimiter;
  readonly #timer: NodeJS.Timeout;

  constructor(log: Logger, clock: Clock) {
    const lines = new RateLimiter(log, () => clock.now());
    this.#lines = lines;
    this.#timer = setInterval(() => lines.flush(), FLUSH_MS).unref();
    this.listenEvents = {
      listening: (endpoint) => log.notice(`sync server listening on ${endpoint}`),
      connected: (from) => lines.note("connected", LOG_INFO, `new sync client connected from ${from}`),
      refused: (why, from, detail) => {
        const reason = detail === undefined ? why : `${why}: ${detail}`;
        lines.note(`refused ${why}`, LOG_WARNING, `sync client ${from} was sent away: ${reason}`);
      },
    };
    this.hubEvents = {
      ended: (end, from) => {
        if (end === "server closed") return;
        const isUsual = end === "closed";
        const text = isUsual ? `sync client ${from} is gone` : `sync client ${from} was cut off: ${end}`;
        lines.note(`ended ${end}`, isUsual ? LOG_INFO : LOG_NOTICE, text);
      },
    };
  }

  /** Writes what was held back. */
  finish(): void {
    clearInterval(this.#timer);
    this.#lines.finish();
  }
}
