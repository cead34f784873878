/** Drives `decidePeerAddress`: asks the resolver, tells the data plane, looks at the clock every second. */
import type { AddressFamily, UdpName } from "../config/config.ts";
import { type Address, type ResolveContext } from "./resolver.ts";
export interface PeerResolverOptions extends ResolveContext {
  readonly name: UdpName;
  readonly family: AddressFamily;
  /** Milliseconds since the peer was last heard, -1 = never. Asked every ten seconds at most; must not reject. */
  heardAgo(): Promise<number> | number;
  /** Datagrams go here from now on, until the peer is heard from elsewhere. */
  use(address: Address, port: number): void;
}
/** Runs from construction to `close`; owns its loop. */
export declare class PeerResolver {
  #private;
  constructor(options: PeerResolverOptions);
  /** Idempotent; nothing is called back after it has been called. A look-up under way is left to itself. */
  close(): Promise<void>;
}
