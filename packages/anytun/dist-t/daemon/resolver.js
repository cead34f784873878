/** Names → addresses. Failures are logged once, then rarely, and tried again every ten seconds for ever. */
import { lookup as dnsLookup } from "node:dns/promises";
import { isIP } from "node:net";
import { errorText } from "../error-text.js";
export const RETRY_MS = 10_000;
/** After the first failure line, one more every so many failures (five minutes). */
const FAILURES_PER_LINE = 30;
/** The system's resolver. Literal addresses never reach it: they need neither a name server nor a configured family. */
export const systemLookup = async (host, family) => {
  const literal = literalAddress(host);
  if (literal !== undefined) return [literal];
  const answers = await dnsLookup(host, { all: true, family: FAMILY_NUMBER[family], order: "verbatim" });
  const addresses = answers.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  return addresses;
};
const FAMILY_NUMBER = { any: 0, ipv4: 4, ipv6: 6 };
/** The address itself when the host is written as one. */
export function literalAddress(host) {
  const family = isIP(host);
  return family === 4 || family === 6 ? { address: host, family } : undefined;
}
/** What the log says about one name: the first failure, then one of many, and the recovery. */
export class ResolveLog {
  #log;
  #name;
  #failures = 0;
  constructor(log, name) {
    this.#log = log;
    this.#name = name;
  }
  attempt() {
    this.#log.debug(`trying to resolv UDP: ${this.#quoted()}`);
  }
  failed(error) {
    if (this.#failures++ % FAILURES_PER_LINE === 0) {
      this.#log.error(`Error while resolving ${this.#quoted()}, retrying in 10 sec.`);
      this.#log.info(`resolving ${this.#quoted()} failed: ${errorText(error)}`);
    }
  }
  succeeded() {
    if (this.#failures > 0) this.#log.notice(`resolved ${this.#quoted()} after ${this.#failures} failed attempts`);
    this.#failures = 0;
  }
  #quoted() {
    return `'${this.#name.host}' '${this.#name.port}'`;
  }
}
/**
 * Resolves a name however long it takes.
 * @returns all its addresses, at least one; `undefined` when `signal` aborted first
 */
export async function resolve(name, family, { lookup, clock, log }, signal) {
  const lines = new ResolveLog(log, name);
  while (!signal.aborted) {
    lines.attempt();
    try {
      const addresses = await lookup(name.host, family);
      if (signal.aborted) return undefined;
      lines.succeeded();
      return addresses;
    } catch (error) {
      if (signal.aborted) return undefined;
      lines.failed(error);
    }
    await clock.sleep(RETRY_MS, signal);
  }
  return undefined;
}
//# sourceMappingURL=resolver.js.map
