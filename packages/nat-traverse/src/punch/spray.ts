/**
 * Trying ports out, when an end cannot know which port the other one's gateway gives. Nobody knows who is behind which
 * gateway, so both do everything: open many sockets towards the port that is known, and send from the known port to ports
 * that may be one of the other side's many. With N sockets there, one probe in 64,512/N hits.
 *
 * - Probes go through the ports like a comb of N teeth: a block of N consecutive ports (a gateway that counts) is hit
 *   within one pass, and no port is tried twice before all were.
 * - Linux maps source ports 600-1023 to 600-1023: who may bind them leaves 424 candidates. Two such ends behind gateways
 *   that choose at random meet in pairs of low ports, one in 424² a pair, each side's packets counting for all of the other's.
 */
import type { Way } from "./agreement.ts";
import { FIRST_SPRAY_SOCKET, type PunchOptions } from "./types.ts";

const SOCKETS = 256;
const LOW_SOCKETS = 64;
const FIRST_LOW_PORT = 600;
const LOW_PORTS = 1024 - FIRST_LOW_PORT;
const FIRST_PORT = 1024;
const PORTS = 65536 - FIRST_PORT;
const TEETH = PORTS / SOCKETS;

/** Packets per second, with and without low ports. */
const RATE = 250;
const RATE_WITH_LOW_PORTS = 300;
const TICK_MS = 20;
const TICKS_AT_ONCE = 4;
/** From the start: whoever can be reached without, is reached by then if it runs. */
const BEGIN_MS = 1_500;
/** Probing lasts so long, and later comes back for a part of each minute. */
const FIRST_PROBING_MS = 30_000;
const LATER_PROBING_MS = 8_000;
const LATER_EVERY_MS = 60_000;
/** Gateways forget what has not been answered after 20 to 30 seconds. */
const REFRESH_MS = 15_000;

export type SprayStep =
  | { readonly open: { readonly socket: number; readonly like: number; readonly port: number } }
  | { readonly way: Way };

export class Spray {
  readonly #options: PunchOptions;
  readonly #address: string | undefined;
  readonly #remotePort: number;
  readonly #beginAt: number;
  readonly #sentAt: number[] = [];
  readonly #lowOrder: readonly number[];
  readonly #lowSources: readonly number[];
  readonly #offsets: readonly number[];
  #tickAt: number;
  /** Of the last second: when, and how many packets. */
  readonly #recent: { readonly at: number; readonly count: number }[] = [];
  #slot = 0;
  #probes = 0;
  #lowProbes = 0;
  #refreshed = 0;

  /** A port-changing gateway is one of IPv4. */
  constructor(options: PunchOptions, now: number) {
    const [peer] = options.peers;
    this.#options = options;
    this.#address = options.spray && peer !== undefined && !peer.address.includes(":") ? peer.address : undefined;
    this.#remotePort = peer?.port ?? 0;
    this.#beginAt = now + BEGIN_MS;
    this.#tickAt = this.#beginAt;
    const { random } = options;
    const low = Array.from({ length: LOW_PORTS }, (_, i) => FIRST_LOW_PORT + i);
    this.#lowOrder = shuffled(low, random);
    this.#lowSources = shuffled(low, random).slice(0, LOW_SOCKETS);
    this.#offsets = shuffled(
      Array.from({ length: SOCKETS }, (_, i) => i),
      random,
    );
  }

  get bounds(): { sockets: number; packetsPerSecond: number } {
    return { sockets: SOCKETS + this.#lowCount, packetsPerSecond: this.#rate };
  }

  get hasBegun(): boolean {
    return this.#sentAt.length > 0;
  }

  dueAt(): number {
    return this.#address === undefined ? Number.POSITIVE_INFINITY : this.#tickAt;
  }

  /** The steps of the ticks that are due; of those that a busy machine missed only the last ones are made up for. */
  due(now: number): SprayStep[] {
    const steps: SprayStep[] = [];
    if (this.#address === undefined || now < this.#tickAt) return steps;
    this.#tickAt = Math.max(this.#tickAt, now - (TICKS_AT_ONCE - 1) * TICK_MS);
    let room = this.#room(now);
    for (; this.#tickAt <= now; this.#tickAt += TICK_MS) {
      for (let i = 0; i < (this.#rate * TICK_MS) / 1000 && room > 0; i++, room--) this.#step(this.#address, now, steps);
    }
    this.#recent.push({ at: now, count: steps.filter((step) => "way" in step).length });
    return steps;
  }

  // What is made up for must not come on top of what was in time.
  #room(now: number): number {
    while ((this.#recent[0]?.at ?? now) <= now - 1000) this.#recent.shift();
    return this.#recent.reduce((room, { count }) => room - count, this.#rate);
  }

  #step(address: string, now: number, steps: SprayStep[]): void {
    const known = { address, port: this.#remotePort };
    const made = this.#sentAt.length;
    if (made < SOCKETS + this.#lowCount && !(made >= this.#lowCount && this.#isPairTurn())) {
      const socket = FIRST_SPRAY_SOCKET + made;
      this.#sentAt.push(now);
      steps.push({ open: { socket, like: 0, port: this.#lowSources[made < this.#lowCount ? made : -1] ?? 0 } });
      steps.push({ way: { socket, to: known } });
      return;
    }
    const oldest = this.#refreshed % made;
    if (now - (this.#sentAt[oldest] ?? now) >= REFRESH_MS) {
      this.#refreshed += 1;
      this.#sentAt[oldest] = now;
      steps.push({ way: { socket: FIRST_SPRAY_SOCKET + oldest, to: known } });
      return;
    }
    if (this.#isProbing(now)) steps.push({ way: this.#probe(address) });
  }

  #probe(address: string): Way {
    this.#slot += 1;
    if (this.#isPairTurn()) {
      const socket = FIRST_SPRAY_SOCKET + (Math.floor(this.#slot / 2) % this.#lowCount);
      return { socket, to: { address, port: FIRST_LOW_PORT + Math.floor(this.#options.random() * LOW_PORTS) } };
    }
    if (this.#slot % 5 === 0) {
      const port = this.#lowOrder[this.#lowProbes++ % LOW_PORTS] ?? FIRST_LOW_PORT;
      return { socket: 0, to: { address, port } };
    }
    const pass = Math.floor(this.#probes / TEETH);
    const tooth = this.#probes++ % TEETH;
    const port = FIRST_PORT + tooth * SOCKETS + (this.#offsets[pass % SOCKETS] ?? 0);
    return { socket: 0, to: { address, port } };
  }

  // Every other packet, once the low sockets are there.
  #isPairTurn(): boolean {
    return this.#lowCount > 0 && this.#slot % 2 === 1;
  }

  #isProbing(now: number): boolean {
    const since = now - this.#beginAt;
    return since < FIRST_PROBING_MS || since % LATER_EVERY_MS < LATER_PROBING_MS;
  }

  get #rate(): number {
    return this.#options.lowPorts ? RATE_WITH_LOW_PORTS : RATE;
  }

  get #lowCount(): number {
    return this.#options.lowPorts ? LOW_SOCKETS : 0;
  }
}

function shuffled(values: readonly number[], random: () => number): number[] {
  const out = [...values];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j] ?? 0, out[i] ?? 0];
  }
  return out;
}
