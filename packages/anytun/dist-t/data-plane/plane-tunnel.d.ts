import { type BatchCipher, type SequenceCounter, Tunnel, type TunnelEvents } from "satp-core";
import type { DataPlaneSetup } from "./messages.ts";
/** The protocol side of a data plane: one peer, configured or detected later, with the keys of the setup. */
export declare function planeTunnel(
  setup: Pick<DataPlaneSetup, "tunnel" | "context" | "configuredMux">,
  cipher: BatchCipher,
  sequence: SequenceCounter,
  events: TunnelEvents,
): Tunnel;
