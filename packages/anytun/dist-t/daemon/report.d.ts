import type { Snapshot } from "../data-plane/messages.ts";
/** Drops that never happened are left out; all other counters are always there. Nothing without a snapshot. */
export declare function reportLines(snapshot: Snapshot | undefined): string[];
