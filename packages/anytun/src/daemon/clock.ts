/** Time as the control side's waiting loops see it, so that tests can own it. */
import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Milliseconds of CLOCK_MONOTONIC, as the data plane counts them too. */
  now(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** When this process began. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  now: () => originMs + performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};
