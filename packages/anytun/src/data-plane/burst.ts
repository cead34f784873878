import type { PacketBatchSize } from "tun-native";

/**
 * Packets a burst can hold: every wait, system call and change of processor is shared by so many, and they still fit the
 * second-level cache. Four super-frames of an interface with an MTU of 1,400 come to 190.
 */
const BURST_PACKETS = 256;
/** Room for a burst of jumbo frames. */
export const BURST: PacketBatchSize = { capacity: BURST_PACKETS, bytes: BURST_PACKETS * 9728 };
