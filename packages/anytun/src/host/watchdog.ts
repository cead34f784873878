/** Tells the service manager that all is well, at twice the pace that it asks for, and only when the data plane answers. */
import type { ServiceManager } from "./service-manager.ts";

export interface Watched {
  /** Resolves once the data plane has answered; false when it never will. */
  ping(): Promise<boolean>;
}

export class Watchdog {
  readonly #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(manager: Pick<ServiceManager, "watchdogMs" | "alive">, watched: Watched) {
    const { watchdogMs } = manager;
    if (watchdogMs === undefined) return;
    const ask = async (): Promise<void> => {
      // a question that nobody answers is not asked twice
      if (this.#isAsking) return;
      this.#isAsking = true;
      if (await watched.ping()) manager.alive();
      this.#isAsking = false;
    };
    this.#timer = setInterval(() => void ask(), watchdogMs / 2).unref();
    void ask();
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
  }
}
