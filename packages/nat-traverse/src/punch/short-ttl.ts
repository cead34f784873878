/**
 * A second pair of ports, for gateways that let unasked packets in. There a packet of the peer that comes before our own
 * takes our port away: the gateway keeps it as a conversation of its own, and gives our later packets another port. So
 * this pair begins with packets that pass our gateway and die before the peer's: each side opens its own hole and spoils
 * nothing. After the window both send packets that arrive.
 *
 * Both ends know both ports, so both know the second pair. An original never sees any of this.
 */
import { isIPv4 } from "node:net";
import type { Way } from "./agreement.ts";
import { FIRST_SIDE_SOCKET, type PunchOptions } from "./types.ts";

const PERIOD_MS = 1_000;
const LEAST_WINDOW_MS = 2_000;
const MOST_WINDOW_MS = 30_000;
/** Passes one gateway. */
const FIRST_TTL = 2;
const LAST_TTL = 5;
const PORT_DISTANCE = 4807;
/** Addresses of the networks between a host and the last gateway on its side. */
const INSIDE = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|127\.)/;

export interface ShortTtlStep {
  readonly way: Way;
  readonly ttl: number | undefined;
  /** The socket must be opened first. */
  readonly open: { readonly like: number; readonly port: number } | undefined;
}

export class ShortTtl {
  readonly #way: Way | undefined;
  readonly #localPort: number;
  readonly #until: number;
  #dueAt: number;
  #ttl = FIRST_TTL;
  #isOpen = false;

  constructor(options: PunchOptions, now: number) {
    const [peer] = options.peers;
    const isUseful = options.shortTtl && peer !== undefined && isIPv4(peer.address) && options.localPort >= 1024;
    this.#way =
      isUseful && peer.port >= 1024
        ? { socket: FIRST_SIDE_SOCKET, to: { address: peer.address, port: sidePort(peer.port) } }
        : undefined;
    this.#localPort = sidePort(options.localPort);
    this.#until = now + Math.min(Math.max(options.windowMs, LEAST_WINDOW_MS), MOST_WINDOW_MS);
    this.#dueAt = now;
  }

  dueAt(): number {
    return this.#way === undefined ? Number.POSITIVE_INFINITY : this.#dueAt;
  }

  due(now: number): ShortTtlStep[] {
    const way = this.#way;
    if (way === undefined || now < this.#dueAt) return [];
    const isShort = now < this.#until;
    this.#dueAt = isShort ? Math.min(now + PERIOD_MS, this.#until) : now + PERIOD_MS;
    const open = this.#isOpen ? undefined : { like: 0, port: this.#localPort };
    this.#isOpen = true;
    return [{ way, ttl: isShort ? this.#ttl : undefined, open }];
  }

  /** A router says that a packet died there: one on our side means that it must go further. */
  expired(socket: number, by: string): void {
    if (socket !== FIRST_SIDE_SOCKET || !INSIDE.test(by) || this.#ttl >= LAST_TTL) return;
    this.#ttl += 1;
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }
}

/** The port of the second pair that belongs to one of the first. */
export function sidePort(port: number): number {
  return port < 32_768 ? port + PORT_DISTANCE : port - PORT_DISTANCE;
}
