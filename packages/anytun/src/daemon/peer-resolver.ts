/** Drives `decidePeerAddress`: asks the resolver, tells the data plane, looks at the clock every second. */
import type { AddressFamily, UdpName } from "../config/config.ts";
import { decidePeerAddress, initialPeerAddress, type PeerAddressEvent, tickMatters } from "./peer-address.ts";
import { type Address, literalAddress, type ResolveContext, ResolveLog } from "./resolver.ts";

/** How late rotation and retries may be. */
const TICK_MS = 1_000;

export interface PeerResolverOptions extends ResolveContext {
  readonly name: UdpName;
  readonly family: AddressFamily;
  /** Milliseconds since the peer was last heard, -1 = never. Asked every ten seconds at most; must not reject. */
  heardAgo(): Promise<number> | number;
  /** Datagrams go here from now on, until the peer is heard from elsewhere. */
  use(address: Address, port: number): void;
}

/** Runs from construction to `close`; owns its loop. */
export class PeerResolver {
  readonly #options: PeerResolverOptions;
  readonly #abort = new AbortController();
  readonly #lines: ResolveLog;
  readonly #running: Promise<void>;
  #state = initialPeerAddress;

  constructor(options: PeerResolverOptions) {
    this.#options = options;
    this.#lines = new ResolveLog(options.log, options.name);
    this.#running = this.#run();
  }

  /** Idempotent; nothing is called back after it has been called. A look-up under way is left to itself. */
  close(): Promise<void> {
    this.#abort.abort();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { clock, name, use } = this.#options;
    const literal = literalAddress(name.host);
    if (literal !== undefined) {
      use(literal, name.port);
      return;
    }
    const { signal } = this.#abort;
    while (!signal.aborted) {
      if (tickMatters(this.#state, clock.now())) {
        const ago = await this.#options.heardAgo();
        if (signal.aborted) return;
        this.#step({ type: "tick", heardAt: ago < 0 ? -1 : clock.now() - ago });
      }
      await clock.sleep(TICK_MS, signal);
    }
  }

  #step(event: PeerAddressEvent): void {
    const { clock, name, use, log } = this.#options;
    const before = this.#state.chosen;
    const { state, action } = decidePeerAddress(this.#state, event, clock.now());
    this.#state = state;
    if (action.type === "look-up") void this.#lookUp();
    if (action.type !== "use") return;
    if (before !== undefined) log.info(`trying ${action.address.address} for '${name.host}'`);
    use(action.address, name.port);
  }

  async #lookUp(): Promise<void> {
    const { lookup, name, family } = this.#options;
    const { signal } = this.#abort;
    this.#lines.attempt();
    const event = await lookup(name.host, family).then(
      (answers): PeerAddressEvent => ({ type: "answer", answers }),
      (error: unknown): PeerAddressEvent => {
        if (!signal.aborted) this.#lines.failed(error);
        return { type: "failure" };
      },
    );
    if (signal.aborted) return;
    if (event.type === "answer") this.#lines.succeeded();
    this.#step(event);
  }
}
