/** When a peer counts as silent, and how often quiet peers get an empty datagram. */
import type { KeepAliveConfig } from "satp-core";

/** Lost keep-alives that do not matter. */
const MISSED_KEEP_ALIVES = 3;
/** Without keep-alives an idle peer has nothing to say: only people are told, and only when they ask. */
const IDLE_SILENT_SECONDS = 60;

/** @param keepAliveSeconds 0 = no keep-alives */
export function silentAfterSeconds(keepAliveSeconds: number): number {
  return keepAliveSeconds === 0 ? IDLE_SILENT_SECONDS : MISSED_KEEP_ALIVES * keepAliveSeconds;
}

export function keepAliveTimes(keepAliveSeconds: number): KeepAliveConfig | undefined {
  if (keepAliveSeconds === 0) return undefined;
  return { quietMs: keepAliveSeconds * 1000, silentMs: silentAfterSeconds(keepAliveSeconds) * 1000 };
}
