/** Gateways as the laboratory has them, each in front of one host, on a clock that the caller moves. */
import type { NatKind } from "satp-tools/lab";
import type { Endpoint } from "../../src/hole-types.ts";

export const keepingKinds = ["none", "firewall", "full-cone", "restricted", "port-restricted"] as const;
export const changingKinds = [
  "symmetric",
  "symmetric-seq",
  "full-cone:shift",
  "restricted:shift",
  "port-restricted:shift",
] as const;

interface Flow {
  readonly inside: number;
  readonly outside: number;
  readonly remote: Endpoint;
  usedAt: number;
}

const LIFE_MS = 30_000;

export class Gateway {
  readonly kind: NatKind;
  /** Lets unasked packets in to itself, as a router without a filter: their senders then own the tuple. */
  readonly isTrap: boolean;
  readonly #random: () => number;
  readonly #flows = new Map<string, Flow>();
  readonly #byOutside = new Map<number, Flow[]>();
  readonly #spoiled = new Map<string, number>();
  #next = 49_152;

  constructor(kind: NatKind, random: () => number, isTrap = false) {
    this.kind = kind;
    this.isTrap = isTrap;
    this.#random = random;
  }

  /** Outside port of a packet on its way out. */
  out(inside: number, remote: Endpoint, now: number): number {
    if (this.kind === "none") return inside;
    const key = `${inside} ${remote.address} ${remote.port}`;
    const known = this.#flows.get(key);
    if (known !== undefined && now - known.usedAt < LIFE_MS) {
      known.usedAt = now;
      return known.outside;
    }
    const flow = { inside, outside: this.#choose(inside, remote, now), remote, usedAt: now };
    this.#flows.set(key, flow);
    const same = this.#byOutside.get(flow.outside) ?? [];
    this.#byOutside.set(flow.outside, [...same.filter((other) => now - other.usedAt < LIFE_MS), flow]);
    return flow.outside;
  }

  /** Inside port for a packet from outside; undefined when it is not let in. */
  in(outside: number, remote: Endpoint, now: number): number | undefined {
    if (this.kind === "none") return outside;
    const flows = (this.#byOutside.get(outside) ?? []).filter((flow) => now - flow.usedAt < LIFE_MS);
    const exact = flows.find((flow) => flow.remote.address === remote.address && flow.remote.port === remote.port);
    const filter = this.kind.replace(":shift", "");
    const open =
      exact ??
      (filter === "full-cone" ? flows[0] : undefined) ??
      (filter === "restricted" ? flows.find((flow) => flow.remote.address === remote.address) : undefined);
    if (open === undefined) {
      if (this.isTrap) this.#spoiled.set(`${outside} ${remote.address} ${remote.port}`, now);
      return undefined;
    }
    open.usedAt = now;
    return open.inside;
  }

  #choose(inside: number, remote: Endpoint, now: number): number {
    if (this.kind === "symmetric") {
      return inside < 1024 ? 600 + this.#below(424) : 1024 + this.#below(64_512);
    }
    if (this.kind === "symmetric-seq") {
      this.#next = this.#next === 65_535 ? 49_152 : this.#next + 1;
      return this.#next;
    }
    const port = this.kind.endsWith(":shift") ? inside ^ 4096 : inside;
    const spoiledAt = this.#spoiled.get(`${port} ${remote.address} ${remote.port}`);
    return spoiledAt !== undefined && now - spoiledAt < LIFE_MS ? 1024 + this.#below(64_512) : port;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
