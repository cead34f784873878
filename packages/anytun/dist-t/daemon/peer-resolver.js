import { decidePeerAddress, initialPeerAddress, tickMatters } from "./peer-address.js";
import { literalAddress, ResolveLog } from "./resolver.js";

/** How late rotation and retries may be. */
const TICK_MS = 1_000;
/** Runs from construction to `close`; owns its loop. */
export class PeerResolver {
  #options;
  #abort = new AbortController();
  #lines;
  #running;
  #state = initialPeerAddress;
  constructor(options) {
    this.#options = options;
    this.#lines = new ResolveLog(options.log, options.name);
    this.#running = this.#run();
  }
  /** Idempotent; nothing is called back after it has been called. A look-up under way is left to itself. */
  close() {
    this.#abort.abort();
    return this.#running;
  }
  async #run() {
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
  #step(event) {
    const { clock, name, use, log } = this.#options;
    const before = this.#state.chosen;
    const { state, action } = decidePeerAddress(this.#state, event, clock.now());
    this.#state = state;
    if (action.type === "look-up") void this.#lookUp();
    if (action.type !== "use") return;
    if (before !== undefined) log.info(`trying ${action.address.address} for '${name.host}'`);
    use(action.address, name.port);
  }
  async #lookUp() {
    const { lookup, name, family } = this.#options;
    const { signal } = this.#abort;
    this.#lines.attempt();
    const event = await lookup(name.host, family).then(
      (answers) => ({ type: "answer", answers }),
      (error) => {
        if (!signal.aborted) this.#lines.failed(error);
        return { type: "failure" };
      },
    );
    if (signal.aborted) return;
    if (event.type === "answer") this.#lines.succeeded();
    this.#step(event);
  }
}
//# sourceMappingURL=peer-resolver.js.map
