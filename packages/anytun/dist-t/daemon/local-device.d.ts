import { TunDevice } from "tun-native";
import type { Config } from "../config/config.ts";
import type { Logger } from "../log/logger.ts";
export declare const DEVICE_NODE = "/dev/net/tun";
/**
 * Creates the device; with an address (`-n`) also sets the MTU and brings the interface up, with `--mtu` sets the MTU.
 * @throws TunNativeError; no device is left then
 */
export declare function openDevice(
  config: Pick<Config, "device" | "ipv4" | "ipv6" | "mtu" | "offload">,
  log: Logger,
): TunDevice;
