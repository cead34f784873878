/**
 * --install-routes: the networks behind peers become routes of the kernel through the interface, and go when they are
 * withdrawn and at the end. The way to a peer must not lead into the tunnel: where one of these networks contains a
 * peer's address, that address gets a route of its own along the way that it had before; where that cannot be, the
 * network is not routed, with one line that says why.
 */
import {
  type Address,
  ENDPOINT_ADDRESS,
  ENDPOINT_FAMILY,
  ENDPOINT_SCOPE,
  formatAddress,
  formatPrefix,
  type Prefix,
  parsePrefix,
  RoutingTable,
} from "satp-core";
import type { InterfaceRoute, MainRoute } from "tun-native";
import { errorCode, errorText } from "../../error-text.ts";
import { AnytunError } from "../../errors.ts";
import type { Logger } from "../../log/logger.ts";
import { type RouteKey, routeKey } from "../connections/route.ts";
import { contains, hostPrefix, outsidePath, PROTOCOL } from "./outside-path.ts";

/** Routes of single peers beside those of networks. */
const MOST_BYPASSES = 256;
/** Routes made in one turn of the event loop: each is a call into the kernel. */
const SLICE = 256;

/** The kernel's routes; throws its errors. */
export interface RouteKernel {
  bringUp(device: string): void;
  add(device: string, route: InterfaceRoute): void;
  remove(device: string, route: InterfaceRoute): void;
  table(family: 4 | 6): readonly MainRoute[];
}

export interface KernelRoutesOptions {
  /** Name of the tunnel's interface. */
  readonly device: string;
  readonly kernel: RouteKernel;
  readonly log: Logger;
}

interface Installed {
  readonly prefix: Prefix;
  /** Those that we made, and shall remove. */
  readonly destinations: readonly string[];
}

interface Bypass {
  readonly device: string;
  readonly route: InterfaceRoute;
}

export class KernelRoutes {
  readonly #options: KernelRoutesOptions;
  readonly #wanted = new Map<RouteKey, Prefix>();
  readonly #installed = new Map<RouteKey, Installed>();
  /** Length of the longest wanted prefix that contains an address. */
  readonly #lengths = new RoutingTable();
  /** Addresses of peers by mux, and how many peers are at each. */
  readonly #peers = new Map<number, Address>();
  readonly #addresses = new Map<string, { readonly address: Address; peers: number }>();
  readonly #bypasses = new Map<string, Bypass>();
  /** Addresses whose way would lead into the tunnel, and why. */
  readonly #exposed = new Map<string, string>();
  #waiting = new Set<RouteKey>();
  #pending: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(options: KernelRoutesOptions) {
    this.#options = options;
  }

  /**
   * Routes these networks now, and brings the interface up for that.
   * @throws AnytunError `start` with prefix and errno for the first that cannot be; call `close` then
   */
  start(prefixes: readonly Prefix[]): void {
    const { kernel, device } = this.#options;
    kernel.bringUp(device);
    for (const prefix of prefixes) this.#want(prefix);
    this.#protect();
    for (const [key, prefix] of this.#wanted) {
      const problem = this.#install(key, prefix);
      if (problem !== undefined) throw new AnytunError("start", problem);
    }
    this.#waiting.clear();
  }

  /** Routes a network, soon. */
  add(prefix: Prefix): void {
    this.#waiting.add(this.#want(prefix));
    this.#schedule();
  }

  /** Does not route it any more. */
  remove(prefix: Prefix): void {
    const key = routeKey(prefix);
    if (!this.#wanted.delete(key)) return;
    this.#lengths.remove(prefix);
    this.#waiting.delete(key);
    this.#withdraw(key);
    this.#dropNeedless();
  }

  /**
   * A peer is at this endpoint (eight words) now; undefined = nowhere.
   * @returns false when its way leads into the tunnel and nothing can be done about it: nothing may be sent there
   */
  follow(mux: number, endpoint: Int32Array | undefined): boolean {
    const address = endpoint === undefined ? undefined : addressOf(endpoint);
    const old = this.#peers.get(mux);
    if (address !== undefined && old !== undefined && hostPrefix(old) === hostPrefix(address)) {
      return !this.#isLooping(address);
    }
    if (address === undefined) this.#peers.delete(mux);
    else this.#peers.set(mux, address);
    if (address !== undefined) this.#count(address, 1);
    if (old !== undefined) this.#count(old, -1);
    if (address === undefined || this.#lengthAt(address) < 0) return true;
    this.#protect();
    this.#withdrawExposed();
    return !this.#isLooping(address);
  }

  /** Looks again at the ways to peers, which change with the host's network. Never throws. */
  check(): void {
    if (this.#isClosed || this.#bypasses.size + this.#exposed.size === 0) return;
    this.#protect();
    this.#withdrawExposed();
    for (const key of this.#wanted.keys()) if (!this.#installed.has(key)) this.#waiting.add(key);
    this.#schedule();
  }

  /** Removes every route that it made. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearImmediate(this.#pending);
    for (const key of [...this.#installed.keys()]) this.#withdraw(key);
    for (const host of [...this.#bypasses.keys()]) this.#dropBypass(host);
  }

  #want(prefix: Prefix): RouteKey {
    const key = routeKey(prefix);
    this.#wanted.set(key, prefix);
    this.#lengths.insert(prefix, prefix.length);
    return key;
  }

  #schedule(): void {
    if (this.#waiting.size === 0 || this.#isClosed) return;
    this.#pending ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#pending = undefined;
    const keys = [...this.#waiting].slice(0, SLICE);
    this.#protect();
    this.#withdrawExposed();
    for (const key of keys) {
      this.#waiting.delete(key);
      const prefix = this.#wanted.get(key);
      const problem = prefix === undefined || this.#installed.has(key) ? undefined : this.#install(key, prefix);
      if (problem !== undefined) this.#options.log.error(problem);
    }
    this.#schedule();
  }

  /** Undefined when the network is routed, else why not. */
  #install(key: RouteKey, prefix: Prefix): string | undefined {
    const exposed = this.#exposedIn(prefix);
    if (exposed !== undefined) return exposed;
    const { kernel, device } = this.#options;
    const destinations: string[] = [];
    for (const destination of halves(prefix)) {
      try {
        kernel.add(device, { destination, protocol: PROTOCOL });
        destinations.push(destination);
      } catch (error) {
        const isTaken = errorCode(error) === "EEXIST";
        if (isTaken && this.#isOwn(prefix.family, destination)) continue;
        for (const made of destinations)
          this.#try(() => kernel.remove(device, { destination: made, protocol: PROTOCOL }));
        const reason = isTaken ? `there is another route for ${destination} (EEXIST)` : errorText(error);
        return `no kernel route for ${formatPrefix(prefix)} on ${device}: ${reason}`;
      }
    }
    this.#installed.set(key, { prefix, destinations });
    return undefined;
  }

  /** The interface's own network has such a route already. */
  #isOwn(family: 4 | 6, destination: string): boolean {
    const { kernel, device } = this.#options;
    return kernel.table(family).some((route) => route.destination === destination && route.device === device);
  }

  #withdraw(key: RouteKey): void {
    const installed = this.#installed.get(key);
    if (installed === undefined) return;
    this.#installed.delete(key);
    const { kernel, device } = this.#options;
    for (const destination of installed.destinations) {
      this.#try(() => kernel.remove(device, { destination, protocol: PROTOCOL }));
    }
  }

  /** Gives every peer inside the wanted networks its own way, or finds out that it has none. */
  #protect(): void {
    const inside = [...this.#addresses].filter(([, { address }]) => this.#lengthAt(address) >= 0);
    const tables = new Map<4 | 6, readonly MainRoute[]>();
    this.#exposed.clear();
    for (const [host, { address }] of inside) {
      try {
        const table = tables.get(address.family) ?? this.#options.kernel.table(address.family);
        tables.set(address.family, table);
        this.#bypass(host, address, table);
      } catch (error) {
        this.#exposed.set(host, errorText(error));
      }
    }
    this.#dropNeedless();
  }

  #bypass(host: string, address: Address, table: readonly MainRoute[]): void {
    const path = outsidePath(table, address, this.#options.device);
    if (path === undefined) throw new Error("there is no other way to it");
    const { device, via } = path;
    const present = this.#bypasses.get(host);
    const isSame = present?.device === device && present.route.via === via;
    const isThere = table.some((route) => route.destination === host && route.device === device && route.via === via);
    if (isSame && isThere) return;
    if (present !== undefined) this.#dropBypass(host);
    // the kernel takes the longer prefix by itself
    if (parsePrefix(path.destination).length > this.#lengthAt(address)) return;
    if (this.#bypasses.size >= MOST_BYPASSES) throw new Error(`more than ${MOST_BYPASSES} peers are inside`);
    const route: InterfaceRoute = { destination: host, protocol: PROTOCOL, ...(via === undefined ? {} : { via }) };
    // one that an earlier run could not remove is ours again
    if (!isThere) this.#options.kernel.add(device, route);
    this.#bypasses.set(host, { device, route });
  }

  /** Ways of peers that are gone, or in no wanted network any more. */
  #dropNeedless(): void {
    for (const host of [...this.#bypasses.keys()]) {
      const known = this.#addresses.get(host);
      if (known === undefined || this.#lengthAt(known.address) < 0) this.#dropBypass(host);
    }
  }

  #dropBypass(host: string): void {
    const bypass = this.#bypasses.get(host);
    this.#bypasses.delete(host);
    if (bypass !== undefined) this.#try(() => this.#options.kernel.remove(bypass.device, bypass.route));
  }

  #withdrawExposed(): void {
    if (this.#exposed.size === 0) return;
    for (const [key, { prefix }] of [...this.#installed]) {
      const problem = this.#exposedIn(prefix);
      if (problem === undefined) continue;
      this.#options.log.error(problem);
      this.#withdraw(key);
    }
  }

  #exposedIn(prefix: Prefix): string | undefined {
    for (const [host, reason] of this.#exposed) {
      const known = this.#addresses.get(host);
      if (known === undefined || !contains(prefix, known.address)) continue;
      const peer = formatAddress(known.address);
      return `no kernel route for ${formatPrefix(prefix)}: it contains the peer's address ${peer}, whose way would lead into the tunnel: ${reason}`;
    }
    return undefined;
  }

  /** The kernel's table is asked: what could not be removed is still there. */
  #isLooping(address: Address): boolean {
    if (!this.#exposed.has(hostPrefix(address))) return false;
    try {
      const { kernel, device } = this.#options;
      return kernel
        .table(address.family)
        .some((route) => route.device === device && contains(parsePrefix(route.destination), address));
    } catch {
      return true;
    }
  }

  #lengthAt({ family, words: [a, b, c, d] }: Address): number {
    return family === 4 ? this.#lengths.lookup4(a) : this.#lengths.lookup6(a, b, c, d);
  }

  #count(address: Address, change: 1 | -1): void {
    const host = hostPrefix(address);
    const entry = this.#addresses.get(host) ?? { address, peers: 0 };
    entry.peers += change;
    if (entry.peers > 0) {
      this.#addresses.set(host, entry);
      return;
    }
    this.#addresses.delete(host);
    this.#exposed.delete(host);
    this.#dropBypass(host);
  }

  /** What is gone already needs no removing; without the right to remove it, it stays until the interface goes. */
  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      const code = errorCode(error);
      if (code !== "ESRCH" && code !== "ENODEV") this.#options.log.warning(`a kernel route stays: ${errorText(error)}`);
    }
  }
}

/** A default route would take the place of the host's own, or conflict with it: two halves are longer than it and as good. */
function halves(prefix: Prefix): string[] {
  if (prefix.length > 0) return [formatPrefix(prefix)];
  return prefix.family === 4 ? ["0.0.0.0/1", "128.0.0.0/1"] : ["::/1", "8000::/1"];
}

/** Undefined for what the host's own tables decide: nowhere, itself, and an address of one link. */
function addressOf(endpoint: Int32Array): Address | undefined {
  const family = endpoint[ENDPOINT_FAMILY];
  if ((family !== 4 && family !== 6) || endpoint[ENDPOINT_SCOPE] !== 0) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = endpoint.subarray(ENDPOINT_ADDRESS, ENDPOINT_ADDRESS + 4);
  const address: Address = { family, words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] };
  return contains(LOOPBACK[family], address) ? undefined : address;
}

const LOOPBACK = { 4: parsePrefix("127.0.0.0/8"), 6: parsePrefix("::1/128") };
