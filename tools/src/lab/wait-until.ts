import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "./lab-error.ts";

export interface WaitOptions {
  /** Milliseconds until the wait fails. Default 10,000. */
  readonly timeout?: number;
  /** Milliseconds between two looks. Default 20. */
  readonly interval?: number;
  /** Named in the error. */
  readonly what?: string;
}

/**
 * Looks until `look` returns something truthy, and returns that. An exception of `look` ends the wait.
 * @throws LabError `timeout`
 */
export async function waitUntil<T>(look: () => T | Promise<T>, options: WaitOptions = {}): Promise<NonNullable<T>> {
  const timeout = options.timeout ?? 10_000;
  const end = performance.now() + timeout;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen) return seen;
    if (performance.now() >= end) {
      throw new LabError(
        "timeout",
        `waited ${timeout} ms in vain${options.what === undefined ? "" : ` for ${options.what}`}`,
      );
    }
    await sleep(options.interval ?? 20);
  }
}
