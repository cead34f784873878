/** Counts of drops for people: what happened, by name. An empty payload is no loss but the peer's keep-alive. */
import { DROP_REASON_NAMES, DropReason, type DropReasonName } from "satp-core";

/** Empty datagrams received. */
export function keepAlivesIn(drops: readonly number[]): number {
  return drops[DropReason.emptyPayload] ?? 0;
}

/** Reasons that happened, with their counts. */
export function happenedDrops(drops: readonly number[]): [DropReasonName, number][] {
  return DROP_REASON_NAMES.flatMap((name, reason): [DropReasonName, number][] => {
    const count = drops[reason] ?? 0;
    return count > 0 && reason !== DropReason.emptyPayload ? [[name, count]] : [];
  });
}
