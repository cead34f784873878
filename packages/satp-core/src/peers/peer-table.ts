import { SatpError } from "../errors.ts";
import { MAX_MUX } from "../wire/layout.ts";
import type { Peer } from "./peer.ts";

const NONE = -1;

/** Peers by mux: two array accesses per packet. */
export class PeerTable {
  /** Slot of the peer by mux. */
  readonly #index: Int32Array = new Int32Array(MAX_MUX + 1).fill(NONE);
  readonly #slots: (Peer | undefined)[] = [];
  readonly #free: number[] = [];
  #lowest: Peer | undefined;

  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** The peer with the numerically lowest mux: where everything goes when there are no routes (spec: satp-wire.md 8). */
  get lowest(): Peer | undefined {
    return this.#lowest;
  }

  get(mux: number): Peer | undefined {
    const slot = this.#index[mux] ?? NONE;
    return slot < 0 ? undefined : this.#slots[slot];
  }

  /** @throws SatpError `peer-exists` */
  add(peer: Peer): void {
    if (this.get(peer.mux) !== undefined) throw new SatpError("peer-exists", `a peer with mux ${peer.mux} exists`);
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = peer;
    this.#index[peer.mux] = slot;
    if (this.#lowest === undefined || peer.mux < this.#lowest.mux) this.#lowest = peer;
  }

  /** False when there is no such peer. */
  remove(mux: number): boolean {
    const slot = this.#index[mux] ?? NONE;
    if (slot < 0) return false;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    this.#index[mux] = NONE;
    if (this.#lowest?.mux === mux) this.#lowest = this.from(mux + 1);
    return true;
  }

  /** Peers by ascending mux. */
  *[Symbol.iterator](): Generator<Peer, void, void> {
    for (let peer = this.#lowest; peer !== undefined; peer = this.from(peer.mux + 1)) yield peer;
  }

  /** The peer with the lowest mux that is not below this one. */
  from(mux: number): Peer | undefined {
    for (let candidate = mux; candidate <= MAX_MUX; candidate++) {
      const peer = this.get(candidate);
      if (peer !== undefined) return peer;
    }
    return undefined;
  }
}
