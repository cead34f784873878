/** Peers whose addresses need no resolver: frames that wait at the interface have somewhere to go from the first moment on. */
import type { ConnectionSetup } from "../data-plane/messages.ts";
import type { ConfiguredConnection } from "./connections/connection.ts";
import { type LocalSocket, peerEndpoint } from "./peer-endpoint.ts";
import { literalAddress } from "./resolver.ts";

/** What the data plane is told of them before its first packet. */
export function literalEndpoints(
  connections: readonly Pick<ConfiguredConnection, "mux" | "remote">[],
  sockets: readonly LocalSocket[],
): ConnectionSetup[] {
  return connections.flatMap(({ mux, remote }): ConnectionSetup[] => {
    const address = remote === undefined ? undefined : literalAddress(remote.host);
    if (remote === undefined || address === undefined) return [];
    const endpoint = peerEndpoint(address, remote.port, sockets);
    return endpoint === undefined ? [] : [{ mux, endpoint }];
  });
}
