/**
 * Keeps packets inside the tunnel as short as the path below it takes: tells the data plane the limit for TCP, and
 * with `--mtu auto` the interface. Without it a datagram that is too long still arrives, in fragments, and the log says so.
 */
import { ENDPOINT_FAMILY, formatEndpoint, HEADER_BYTES, PAYLOAD_TYPE_BYTES } from "satp-core";
import type { Config } from "../config/config.ts";
import { errorText } from "../error-text.ts";
import type { Logger } from "../log/logger.ts";
import type { Connections } from "./connections/connections.ts";

const UDP_HEADER_BYTES = 8;
const ETHERNET_HEADER_BYTES = 14;
const IP_HEADER_BYTES: Readonly<Record<number, number>> = { 4: 20, 6: 40 };
/** Bounds of `--mtu auto`: no IPv6 below 1280, no IPv4 below 576, no frame longer than the data plane takes. */
const LEAST_IPV6_MTU = 1280;
const LEAST_MTU = 576;
const MOST_MTU = 9000;

/** What the tunnel's interface and the data plane offer here. */
export interface MtuSinks {
  /** MTU of the tunnel's interface. */
  interfaceMtu: number;
  /** @throws when there is no route */
  pathMtu(endpoint: Int32Array): number;
  /** Limit for TCP, 0 = none. */
  limitPackets(bytes: number): void;
}

export interface MtuOptions extends Pick<Config, "mtu" | "mssClamp" | "ipv4" | "ipv6"> {
  readonly kind: "tun" | "tap";
  readonly tagBytes: number;
  /** Longest frame that the data plane takes, in bytes. */
  readonly frameBytes: number;
  /** Name of the interface, for the log. */
  readonly device: string;
  readonly log: Logger;
}

/** What may change. */
export type MtuWishes = Pick<MtuOptions, "mtu" | "mssClamp" | "ipv4" | "ipv6" | "tagBytes">;

/** Peers whose paths are looked at: each is a call into the kernel, once a minute. With more, those heard of last. */
const MOST_PATHS = 256;

interface Path {
  readonly endpoint: Int32Array;
  /** Undefined = there is no route. */
  readonly bytes: number | undefined;
  /** The longest packet that passes the tunnel in one datagram. */
  readonly fits: number | undefined;
}

interface MeasuredPath extends Path {
  readonly bytes: number;
  readonly fits: number;
}

/** What holds at the moment. */
export interface MtuState {
  /** MTU of the interface. */
  readonly bytes: number;
  readonly source: "option" | "path" | "default" | "interface";
  /** Of the path to the peer, and the longest packet that passes the tunnel in one datagram; undefined = not known. */
  readonly pathBytes: number | undefined;
  readonly fittingBytes: number | undefined;
  /** What TCP is told; 0 = nothing. */
  readonly limitBytes: number;
}

/** Bytes of the longest IP packet that passes the tunnel in one datagram without fragments. */
export function fittingPacket(pathMtu: number, family: number, kind: "tun" | "tap", tagBytes: number): number {
  const below = (IP_HEADER_BYTES[family] ?? 40) + UDP_HEADER_BYTES + HEADER_BYTES + PAYLOAD_TYPE_BYTES + tagBytes;
  return pathMtu - below - (kind === "tap" ? ETHERNET_HEADER_BYTES : 0);
}

export class TunnelMtu {
  #options: MtuOptions;
  readonly #sinks: MtuSinks;
  /** By mux. */
  readonly #paths = new Map<number, Path>();
  /** The last line, so that a state is logged once. */
  #said = "";
  #pathBytes: number | undefined;
  #fittingBytes: number | undefined;
  #limitBytes = 0;
  #toldBytes = -1;

  constructor(options: MtuOptions, sinks: MtuSinks) {
    this.#options = options;
    this.#sinks = sinks;
  }

  /** As of the last check; the MTU of the interface as it is now. */
  get state(): MtuState {
    return {
      bytes: this.#sinks.interfaceMtu,
      source: this.#source,
      pathBytes: this.#pathBytes,
      fittingBytes: this.#fittingBytes,
      limitBytes: this.#limitBytes,
    };
  }

  get #source(): MtuState["source"] {
    const { mtu, ipv4, ipv6 } = this.#options;
    if (typeof mtu === "number") return "option";
    if (mtu === "auto") return this.#pathBytes === undefined ? "default" : "path";
    return ipv4 === undefined && ipv6 === undefined ? "interface" : "default";
  }

  /** What is wanted of the MTU from now on. */
  configure({ mtu, mssClamp, ipv4, ipv6, tagBytes }: MtuWishes): void {
    this.#options = { ...this.#options, mtu, mssClamp, ipv4, ipv6, tagBytes };
    this.check();
  }

  /** Where peers are now, by mux; undefined = nowhere, or it is no peer any more. */
  follow(endpoints: ReadonlyMap<number, Int32Array | undefined>): void {
    const skipped = Math.max(0, endpoints.size - MOST_PATHS);
    for (const [index, [mux, endpoint]] of [...endpoints].entries()) {
      this.#paths.delete(mux);
      if (endpoint === undefined || index < skipped) continue;
      const [oldest] = this.#paths.keys();
      if (this.#paths.size >= MOST_PATHS && oldest !== undefined) this.#paths.delete(oldest);
      this.#paths.set(mux, this.#measure(endpoint));
    }
    this.#apply();
  }

  /** Looks at all paths again; call it now and then, because routes and interfaces change. Never throws. */
  check(): void {
    for (const [mux, { endpoint }] of this.#paths) this.#paths.set(mux, this.#measure(endpoint));
    this.#apply();
  }

  #measure(endpoint: Int32Array): Path {
    const { kind, tagBytes } = this.#options;
    try {
      const bytes = this.#sinks.pathMtu(endpoint);
      return { endpoint, bytes, fits: fittingPacket(bytes, endpoint[ENDPOINT_FAMILY] ?? 0, kind, tagBytes) };
    } catch (error) {
      this.#say(`the MTU towards the peer is not known: ${errorText(error)}`);
      return { endpoint, bytes: undefined, fits: undefined };
    }
  }

  /** The path that takes the least decides for all: the interface has one MTU. */
  #narrowest(): MeasuredPath | undefined {
    let narrowest: MeasuredPath | undefined;
    for (const { endpoint, bytes, fits } of this.#paths.values()) {
      if (bytes === undefined || fits === undefined) continue;
      if (narrowest === undefined || fits < narrowest.fits) narrowest = { endpoint, bytes, fits };
    }
    return narrowest;
  }

  #apply(): void {
    try {
      this.#follow(this.#narrowest());
    } catch (error) {
      this.#say(`the MTU of ${this.#options.device} cannot be set: ${errorText(error)}`);
    }
  }

  #follow(narrowest: MeasuredPath | undefined): void {
    const { mtu, mssClamp, kind, frameBytes, device } = this.#options;
    const { interfaceMtu } = this.#sinks;
    this.#pathBytes = narrowest?.bytes;
    this.#fittingBytes = narrowest?.fits;
    let limit = Math.min(interfaceMtu, frameBytes - (kind === "tap" ? ETHERNET_HEADER_BYTES : 0));
    if (narrowest !== undefined) {
      const { endpoint, bytes, fits } = narrowest;
      const place = `path MTU ${bytes} to ${formatEndpoint(endpoint)}`;
      if (mtu === "auto") {
        const least = this.#options.ipv6 === undefined ? LEAST_MTU : LEAST_IPV6_MTU;
        const wanted = Math.min(Math.max(fits, least), MOST_MTU);
        if (wanted !== interfaceMtu) this.#sinks.interfaceMtu = wanted;
        limit = wanted;
        this.#say(`MTU of ${device} is ${wanted}: ${place}`);
      } else if (fits < limit) {
        this.#say(
          `packets longer than ${fits} bytes leave in fragments: ${place}, MTU of ${device} is ${interfaceMtu}`,
        );
      }
      limit = Math.min(limit, fits);
    }
    this.#limitBytes = mssClamp ? Math.max(limit, 0) : 0;
    if (this.#limitBytes === this.#toldBytes) return;
    this.#toldBytes = this.#limitBytes;
    this.#sinks.limitPackets(this.#limitBytes);
  }

  #say(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    this.#options.log.notice(text);
  }
}

/** After a look, the next one waits so long for more. */
const PAUSE_MS = 100;

/**
 * Lets the MTU follow the connections: at once when one changes, and together when many do. Each look is a call into the
 * kernel.
 * @returns what ends it
 */
export function followConnections(connections: Pick<Connections, "listen">, mtu: TunnelMtu): () => void {
  const moved = new Map<number, Int32Array | undefined>();
  let first: NodeJS.Immediate | undefined;
  let next: NodeJS.Timeout | undefined;
  const look = (): void => {
    first = undefined;
    next = undefined;
    if (moved.size === 0) return;
    mtu.follow(moved);
    moved.clear();
    next = setTimeout(look, PAUSE_MS).unref();
  };
  const move = (mux: number, endpoint: Int32Array | undefined): void => {
    // those that moved last stay at the end
    moved.delete(mux);
    moved.set(mux, endpoint);
    if (next === undefined) first ??= setImmediate(look);
  };
  const end = connections.listen((event) => {
    if (event.type === "connection") move(event.connection.mux, event.connection.endpoint);
    else if (event.type === "connection-removed") move(event.mux, undefined);
  });
  return () => {
    clearImmediate(first);
    clearTimeout(next);
    end();
  };
}
