import { Tunnel } from "satp-core";
/** The protocol side of a data plane: one peer, configured or detected later, with the keys of the setup. */
export function planeTunnel(setup, cipher, sequence, events) {
  const { kind, mux, windowSize } = setup.tunnel;
  const { configuredMux } = setup;
  const keys = { context: cipher.addContext(setup.context), tagBytes: setup.context.tagBytes, sequence };
  const autodetect = configuredMux === undefined ? keys : undefined;
  const tunnel = new Tunnel({ kind, mux, windowSize, routing: "single", autodetect, events });
  if (configuredMux !== undefined) tunnel.addPeer({ ...keys, mux: configuredMux });
  return tunnel;
}
//# sourceMappingURL=plane-tunnel.js.map
