import { type DatagramSocket, type PacketDevice } from "tun-native";
import { DataPlane } from "./data-plane.ts";
import type { DataPlaneSetup } from "./messages.ts";
export type WarmUpSetup = Pick<DataPlaneSetup, "tunnel" | "context" | "configuredMux">;
/**
 * Takes some ten milliseconds; leaves nothing behind but compiled code.
 * @returns frames that went all the way
 */
export declare function warmUp(setup: WarmUpSetup): number;
/** The calls into the kernel, with nothing to read and nothing to write. */
export declare function warmUpParts(plane: DataPlane, device: PacketDevice, sockets: readonly DatagramSocket[]): void;
