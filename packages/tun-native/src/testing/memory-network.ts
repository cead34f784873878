import { argumentError, TunNativeError } from "../errors.ts";
import { formatAddress, parseAddress } from "../ip-address.ts";
import type { FakeClock } from "./memory-poller.ts";
import { MemorySocket } from "./memory-socket.ts";
import { seededRandom } from "./random.ts";

/** Address and port of a datagram's end. */
export interface MemoryEndpoint {
  readonly address: string;
  readonly port: number;
}

/** A datagram on its way. The bytes are a copy that belongs to whoever holds the object. */
export interface MemoryDatagram {
  readonly from: MemoryEndpoint;
  readonly to: MemoryEndpoint;
  readonly bytes: Uint8Array;
}

export interface MemoryNetworkOptions {
  /** Equal seeds and equal calls give equal runs. Default 1. */
  readonly seed?: number;
  /** Probability that a datagram is lost, 0 to 1. */
  readonly loss?: number;
  /** Probability that a datagram arrives twice. */
  readonly duplicates?: number;
  /** Probability that a datagram is held back by up to `reorderMs`. */
  readonly reorder?: number;
  /** Default 10. */
  readonly reorderMs?: number;
  /** One-way delay; with 0 a datagram arrives during `send`. */
  readonly latencyMs?: number;
  /** Datagrams longer than this are refused as too big. Default 65507. */
  readonly maxDatagramBytes?: number;
  /** Datagrams that a socket queues before it loses some. Default 4096. */
  readonly queueLength?: number;
}

export interface MemorySocketOptions {
  readonly family: 4 | 6;
  readonly address: string;
  /** 0 or absent: a free one. */
  readonly port?: number;
  readonly id: number;
}

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly datagram: MemoryDatagram;
}

/** A tap sees every datagram when it is sent; `"drop"` takes it off the wire. */
export type MemoryTap = (datagram: MemoryDatagram) => "drop" | undefined;

/** UDP between sockets in one process, on a clock of its own. Deterministic by seed. */
export class MemoryNetwork implements FakeClock {
  /** Datagrams that were lost by chance, dropped by a tap, had no receiver or met a full queue. */
  lost = 0;
  /** Copies that were delivered besides the original. */
  duplicated = 0;
  readonly maxDatagramBytes: number;
  readonly queueLength: number;
  #now = 0;
  #order = 0;
  #nextPort = 40000;
  readonly #options: MemoryNetworkOptions;
  readonly #random: () => number;
  readonly #sockets = new Map<string, MemorySocket>();
  readonly #taps = new Set<MemoryTap>();
  readonly #planned: Planned[] = [];

  constructor(options: MemoryNetworkOptions = {}) {
    for (const name of ["loss", "duplicates", "reorder"] as const) {
      const value = options[name] ?? 0;
      if (!(value >= 0 && value <= 1)) throw argumentError(name, value, "a probability from 0 to 1");
    }
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    this.maxDatagramBytes = options.maxDatagramBytes ?? 65507;
    this.queueLength = options.queueLength ?? 4096;
  }

  /** Milliseconds since the network began. */
  get now(): number {
    return this.#now;
  }

  get nextEvent(): number {
    return this.#planned[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Binds a socket. @throws TunNativeError `EADDRINUSE`, `ERR_ARGUMENT` */
  socket(options: MemorySocketOptions): MemorySocket {
    const { family, bytes } = parseAddress(options.address);
    if (family !== options.family) throw argumentError("address", options.address, `an IPv${options.family} address`);
    const address = formatAddress(bytes);
    const port = options.port === undefined || options.port === 0 ? this.#freePort(address) : options.port;
    const key = socketKey(address, port);
    if (this.#sockets.has(key)) {
      const message = `bind ${key}: EADDRINUSE (Address already in use)`;
      throw new TunNativeError({ code: "EADDRINUSE", syscall: "bind", errno: 98, object: key, message });
    }
    const socket = new MemorySocket(this, { family, address, port, id: options.id });
    this.#sockets.set(key, socket);
    return socket;
  }

  /** Watches, records or drops datagrams. Returns the function that removes the tap. */
  tap(tap: MemoryTap): () => void {
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  /** Puts a datagram on the wire as if its sender had; it passes neither taps nor chance, only latency. */
  inject(datagram: MemoryDatagram): void {
    this.#plan(copyOf(datagram), this.#options.latencyMs ?? 0);
  }

  /** Lets time pass and delivers what is due, in order of arrival. */
  advance(ms: number): void {
    this.#now += ms;
    this.#deliverDue();
  }

  /** Called by sockets. Whether there is anybody at the address. */
  transmit(datagram: MemoryDatagram): boolean {
    const known = this.#sockets.has(socketKey(datagram.to.address, datagram.to.port));
    const dropped = [...this.#taps].map((tap) => tap(copyOf(datagram))).includes("drop");
    // Every datagram draws the same number of times, so that one decision does not shift the others.
    const isLost = this.#random() < (this.#options.loss ?? 0);
    const isDouble = this.#random() < (this.#options.duplicates ?? 0);
    const isLate = this.#random() < (this.#options.reorder ?? 0);
    const lateness = this.#random() * (this.#options.reorderMs ?? 10);
    if (dropped || isLost) {
      this.lost++;
      return known;
    }
    const delay = (this.#options.latencyMs ?? 0) + (isLate ? lateness : 0);
    this.#plan(copyOf(datagram), delay);
    if (isDouble) {
      this.duplicated++;
      this.#plan(copyOf(datagram), delay);
    }
    return known;
  }

  /** Called by sockets. */
  unbind(socket: MemorySocket): void {
    const key = socketKey(socket.address, socket.port);
    if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
  }

  #plan(datagram: MemoryDatagram, delay: number): void {
    const entry = { at: this.#now + delay, order: this.#order++, datagram };
    let index = this.#planned.length;
    while (index > 0 && isBefore(entry, this.#planned[index - 1])) index--;
    this.#planned.splice(index, 0, entry);
    this.#deliverDue();
  }

  #deliverDue(): void {
    for (;;) {
      const entry = this.#planned[0];
      if (entry === undefined || entry.at > this.#now) return;
      this.#planned.shift();
      const { to } = entry.datagram;
      const receiver = this.#sockets.get(socketKey(to.address, to.port));
      if (receiver === undefined || !receiver.deliver(entry.datagram)) this.lost++;
    }
  }

  #freePort(address: string): number {
    while (this.#sockets.has(socketKey(address, this.#nextPort))) this.#nextPort++;
    return this.#nextPort++;
  }
}

function copyOf({ from, to, bytes }: MemoryDatagram): MemoryDatagram {
  return { from, to, bytes: bytes.slice() };
}

function isBefore(a: Planned, b: Planned | undefined): boolean {
  return b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
}

function socketKey(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
