/** Two hosts, a gateway before each, and a bad path between, on a fake clock. */

import type { NatKind } from "satp-tools/lab";
import type { Endpoint } from "../../src/hole-types.ts";
import { Gateway } from "./gateway.ts";
import { seeded } from "./random.ts";

export interface PathOptions {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplicates: number;
}

/** What a host runs. */
export interface Program {
  datagram(port: number, from: Endpoint, bytes: Uint8Array): void;
  /** ICMP about a packet that was sent from `port`. */
  bounced?(port: number, to: Endpoint, bytes: Uint8Array, why: "refused" | "expired", by: string): void;
  listensOn(port: number): boolean;
}

interface Side {
  readonly address: string;
  readonly gateway: Gateway;
  program: Program | undefined;
  sent: number;
}

const ROUTER = "192.0.2.1";

export class Network {
  readonly random: () => number;
  readonly #path: PathOptions;
  readonly #sides: readonly [Side, Side];
  readonly #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  now = 0;
  /** Packet `n` from side `side` is lost when this says so; counted from 0. */
  drops: ((side: 0 | 1, n: number) => boolean) | undefined;

  constructor(kinds: readonly [NatKind, NatKind], path: Partial<PathOptions>, seed: number, isTrap = false) {
    this.random = seeded(seed);
    this.#path = { delayMs: 20, jitterMs: 0, loss: 0, duplicates: 0, ...path };
    const side = (address: string, kind: NatKind): Side => ({
      ...{ address, gateway: new Gateway(kind, this.random, isTrap), program: undefined, sent: 0 },
    });
    this.#sides = [side("203.0.113.2", kinds[0]), side("198.51.100.2", kinds[1])];
  }

  /** Address under which the other side sees this one. */
  addressOf(side: 0 | 1): string {
    return this.#sides[side].address;
  }

  sentBy(side: 0 | 1): number {
    return this.#sides[side].sent;
  }

  run(side: 0 | 1, program: Program | undefined): void {
    this.#sides[side].program = program;
  }

  at(time: number, run: () => void): void {
    const entry = { at: Math.max(time, this.now), order: this.#order++, run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#queue[middle];
      if (other !== undefined && (other.at > entry.at || (other.at === entry.at && other.order > entry.order)))
        low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
  }

  /** Runs what is due until `isOver` or the time is over. */
  until(time: number, isOver: () => boolean): void {
    for (;;) {
      const next = this.#queue.at(-1);
      if (next === undefined || next.at > time || isOver()) break;
      this.#queue.pop();
      this.now = next.at;
      next.run();
    }
  }

  send(side: 0 | 1, port: number, to: Endpoint, bytes: Uint8Array, ttl = 64): void {
    const me = this.#sides[side];
    const other: 0 | 1 = side === 0 ? 1 : 0;
    const them = this.#sides[other];
    const n = me.sent++;
    const outside = me.gateway.out(port, to, this.now);
    const from = { address: me.address, port: outside };
    if (ttl <= 2) {
      this.at(this.now + 2, () => me.program?.bounced?.(port, to, bytes, "expired", ROUTER));
      return;
    }
    if (to.address !== them.address) return;
    if (this.random() < this.#path.loss || this.drops?.(side, n) === true) return;
    const copies = this.random() < this.#path.duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const late = this.#path.delayMs + this.random() * this.#path.jitterMs + copy;
      this.at(this.now + late, () => this.#arrive(side, other, port, from, to, bytes));
    }
  }

  #arrive(from: 0 | 1, to: 0 | 1, port: number, source: Endpoint, target: Endpoint, bytes: Uint8Array): void {
    const side = this.#sides[to];
    const inside = side.gateway.in(target.port, source, this.now);
    if (inside !== undefined && side.program?.listensOn(inside) === true) {
      side.program.datagram(inside, source, bytes);
    } else if ((inside !== undefined || side.gateway.isTrap) && this.random() >= this.#path.loss) {
      const sender = this.#sides[from];
      this.at(this.now + this.#path.delayMs, () =>
        sender.program?.bounced?.(port, target, bytes, "refused", side.address),
      );
    }
  }
}
