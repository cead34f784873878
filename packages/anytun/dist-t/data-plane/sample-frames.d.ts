/** One frame of each ordinary kind, for the warm-up. Addresses are those reserved for documentation. */
import type { DeviceKind } from "satp-core";
/** What a device of this kind delivers and takes: IP packets, or Ethernet frames around them. */
export declare function sampleFrames(kind: DeviceKind): readonly Uint8Array[];
