/** Batches as different from one another as a seed can make them: sizes, lengths, alignments, keys, suites, forgeries. */
import type { SatpCipherContext } from "../../src/index.ts";
import type { CheckedRow } from "./kernel-check.ts";
import { LEFT, oracleSeal, RIGHT } from "./satp-oracle.ts";

/** A batch to seal and what must come out; the same packets as a peer receives them, some forged, and what must come out. */
export interface RandomBatch {
  readonly clear: readonly CheckedRow[];
  readonly sealed: readonly string[];
  readonly received: readonly (CheckedRow & { readonly genuine: boolean })[];
  readonly opened: readonly string[];
}

export interface BatchLimits {
  readonly rows: number;
  readonly bodyBytes: number;
  /** Connections with the default suite and mostly full packets, as a stream fills batches. */
  readonly stream?: boolean;
}

/** The same batch for the same seed. */
export function randomBatch(seed: number, limits: BatchLimits): RandomBatch {
  const random = generator(seed);
  const suite = limits.stream ? { cipherKeyBytes: 16, tagBytes: 10 } : {};
  const contexts = Array.from({ length: 1 + random.below(6) }, () => ({ ...randomContext(random), ...suite }));
  const peers = new Map(contexts.map((context) => [context, { ...context, sealLabels: RIGHT, openLabels: LEFT }]));
  const nextLength = limits.stream ? fullLengths(random, limits.bodyBytes) : lengths(random, limits.bodyBytes);
  const rows = Array.from({ length: 1 + random.below(limits.rows) }, () => {
    const context = random.choose(contexts);
    const clear = random.bytes(8 + nextLength());
    return { context, clear, sealed: oracleSeal(context, clear) };
  });
  const received = rows.map(({ context, sealed }) => {
    // Without a tag nothing can be told from a forgery.
    const genuine = context.tagBytes < 4 || random.below(5) > 0;
    const bytes = Buffer.from(sealed);
    if (!genuine) flip(bytes, random.below(bytes.length * 8));
    return {
      context: peers.get(context) ?? context,
      gap: random.below(80),
      bytes,
      genuine,
    };
  });
  return {
    clear: rows.map(({ context, clear }) => ({ context, gap: random.below(80), bytes: clear })),
    sealed: rows.map(({ sealed }) => sealed.toString("hex")),
    received,
    opened: rows.map(({ clear }, i) => {
      const { genuine, bytes } = received[i] ?? { genuine: true, bytes: clear };
      return Buffer.from(genuine ? clear : bytes).toString("hex");
    }),
  };
}

interface Random {
  /** From 0 to `limit` - 1. */
  below(limit: number): number;
  choose<T>(from: readonly T[]): T;
  bytes(length: number): Buffer;
}

/** xorshift32 */
function generator(seed: number): Random {
  let state = seed | 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (limit: number) => next() % limit;
  return {
    below,
    choose: (from) => {
      const chosen = from[below(from.length)];
      if (chosen === undefined) throw new Error("nothing to choose from");
      return chosen;
    },
    bytes: (length) => {
      const bytes = Buffer.alloc(length);
      for (let i = 0; i < length; i++) bytes[i] = next();
      return bytes;
    },
  };
}

function randomContext(random: Random): SatpCipherContext {
  const masterKeyBytes = random.choose([16, 16, 24, 32, 0]);
  return {
    masterKey: random.bytes(masterKeyBytes),
    masterSalt: random.bytes(masterKeyBytes === 0 ? 0 : 14),
    cipherKeyBytes: random.choose([16, 16, 24, 32, 0]),
    tagBytes: random.choose([10, 10, 20, 0, 1 + random.below(20)]),
    sealLabels: LEFT,
    openLabels: RIGHT,
  };
}

/** Traffic looks like one of these: all alike, long ones among acknowledgements, anything, block edges. */
function lengths(random: Random, most: number): () => number {
  const fixed = random.below(most + 1);
  return random.choose([
    () => fixed,
    () => (random.below(6) === 0 ? fixed : random.below(100)),
    () => random.below(most + 1),
    () => Math.min(most, 64 * random.below(12) + random.choose([0, 1, 46, 47, 48, 55, 56, 63])),
  ]);
}

/** Most are of one length, some up to a block shorter, few of any length. */
function fullLengths(random: Random, most: number): () => number {
  const full = most - random.below(most / 2);
  return () =>
    full - random.choose([0, 0, 0, 0, 0, 0, random.below(65), random.below(20) === 0 ? random.below(full) : 0]);
}

function flip(bytes: Buffer, bit: number): void {
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
}
