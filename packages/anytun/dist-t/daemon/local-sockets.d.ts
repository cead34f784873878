/** The UDP sockets of the tunnel: opened on the main thread, because their errors belong to the start (spec: anytun-cli.md 9). */
import { UdpSocket } from "tun-native";
import type { Config } from "../config/config.ts";
import { type ResolveContext } from "./resolver.ts";
/**
 * Binds every address of the local name, or both wildcards. Socket `i` has `id` `i`.
 * @returns at least one socket; the caller owns them. Undefined when `signal` aborted before the name was resolved.
 * @throws TunNativeError of the first address that cannot be bound; nothing stays open then
 */
export declare function openSockets(
  config: Pick<Config, "local" | "family" | "offload">,
  context: ResolveContext,
  signal: AbortSignal,
): Promise<UdpSocket[] | undefined>;
