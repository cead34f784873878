// Datagrams that nobody should accept, made from ones that were real. Deterministic: seed and samples give the sequence.
import { Random } from "./random.ts";

/** How a datagram was made; for statistics. */
export type Mutation = "random" | "flipped" | "header" | "shortened" | "lengthened" | "spliced" | "replayed" | "huge";

const headerBytes = 8;
const longestDatagram = 65_507;
/** Values of header fields around which programs go wrong. */
const edges: readonly [number, ...number[]] = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0xffffffff];
const usual: readonly [Mutation, ...Mutation[]] = [
  "random",
  "flipped",
  "flipped",
  "header",
  "header",
  "shortened",
  "lengthened",
  "spliced",
  "replayed",
];

export class DatagramFuzzer {
  /** Datagrams made so far, by kind. */
  readonly made: Record<Mutation, number> = {
    random: 0,
    flipped: 0,
    header: 0,
    shortened: 0,
    lengthened: 0,
    spliced: 0,
    replayed: 0,
    huge: 0,
  };
  readonly #random: Random;
  readonly #samples: readonly [Uint8Array, ...Uint8Array[]];

  /** @param samples real datagrams of the tunnel under attack; borrowed, never changed. At least one. */
  constructor(seed: number, samples: readonly [Uint8Array, ...Uint8Array[]]) {
    this.#random = new Random(seed);
    this.#samples = samples;
  }

  /** A new datagram of 0 to 65,507 bytes, owned by the caller. */
  next(): Uint8Array {
    const random = this.#random;
    const mutation = random.below(2000) === 0 ? "huge" : random.pick(usual);
    this.made[mutation] += 1;
    const sample = random.pick(this.#samples);
    switch (mutation) {
      case "random":
        return random.fill(new Uint8Array(random.below(random.below(8) === 0 ? 2000 : 64)));
      case "huge":
        return random.fill(new Uint8Array(2000 + random.below(longestDatagram - 1999)));
      case "replayed":
        return sample.slice();
      case "flipped":
        return this.#flip(sample.slice());
      case "header":
        return this.#header(sample.slice());
      case "shortened":
        return sample.slice(0, random.below(sample.length));
      case "lengthened":
        return concat(sample, random.fill(new Uint8Array(1 + random.below(64))));
      case "spliced": {
        const other = random.pick(this.#samples);
        return concat(sample.subarray(0, random.below(sample.length)), other.subarray(random.below(other.length)));
      }
    }
  }

  #flip(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return bytes;
    for (let flips = 1 + this.#random.below(8); flips > 0; flips -= 1) {
      const at = this.#random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
    }
    return bytes;
  }

  /** Sequence number, sender id and mux, together or alone, at values where fields wrap. */
  #header(bytes: Uint8Array): Uint8Array {
    if (bytes.length < headerBytes) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const fields = 1 + this.#random.below(7);
    const value = (): number => (this.#random.below(2) === 0 ? this.#random.word() : this.#random.pick(edges));
    if ((fields & 1) !== 0) view.setUint32(0, value());
    if ((fields & 2) !== 0) view.setUint16(4, value() & 0xffff);
    if ((fields & 4) !== 0) view.setUint16(6, value() & 0xffff);
    return bytes;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
