// Which cells the matrices of the hole puncher have.
import type { Puncher } from "./punch-ends.ts";
import { changingNames, keepingNames, type NatName, type PunchCell } from "./punch-matrix.ts";

const mixes: readonly (readonly [Puncher, Puncher])[] = [
  ["ours", "ours"],
  ["ours", "original"],
  ["original", "ours"],
  ["original", "original"],
];
const skews = [0, 3, 8] as const;
/** More than an original waits, and how long ours are told to wait then. */
export const LATE_SECONDS = 25;
const PATIENCE_SECONDS = 30;
const LOSSLESS_RUNS = 2;
type Pair = readonly [NatName, NatName];

/** Unordered pairs of gateways that the original can cross, thinned to every `stride`-th. */
export function crossable(stride: number): Pair[] {
  const all = keepingNames.flatMap((left, i) => keepingNames.slice(i).map((right) => [left, right] as const));
  return all.filter((_, index) => index % stride === 0);
}

/** All mixes of programs over what the original can cross. */
export function mixCells(stride: number, lossyRuns: number): PunchCell[] {
  return crossable(stride).flatMap((gateways) =>
    mixes.flatMap((programs) => {
      const base = { programs, gateways };
      const cells = [0, 10, 30].flatMap((loss) =>
        skews.map((skew) => ({ ...base, skew, loss, runs: loss === 0 ? LOSSLESS_RUNS : lossyRuns })),
      );
      return [...cells, ...lateCells(base, lossyRuns)];
    }),
  );
}

// With the usual time-out, and with one that lasts until the other end is there.
function lateCells(base: Pick<PunchCell, "programs" | "gateways">, lossyRuns: number): PunchCell[] {
  return [{}, { timeout: PATIENCE_SECONDS }].flatMap((patience) =>
    [0, 10, 30].map((loss) => ({
      ...{ ...base, ...patience, skew: LATE_SECONDS, loss },
      runs: loss === 0 ? LOSSLESS_RUNS : lossyRuns,
    })),
  );
}

/** Mixes behind gateways that answer unasked packets with ICMP, or take them for themselves. */
export function otherInputCells(stride: number, runs: number): PunchCell[] {
  const refusing = crossable(stride).filter((gateways) => gateways.some((name) => name !== "none"));
  const trapping = crossable(stride).filter(([left, right]) => isBare(left) !== isBare(right));
  return [
    ...refusing.map((gateways) => ({ gateways, wanInput: "reject" as const })),
    ...trapping.map((gateways) => ({ gateways, wanInput: "accept" as const })),
  ].flatMap((base) => mixes.flatMap((programs) => skews.map((skew) => ({ ...base, programs, skew, loss: 0, runs }))));
}

function isBare(name: NatName): boolean {
  return name === "none" || name === "firewall";
}

/** Ours on both sides of gateways that change ports; `runs` for each pair. */
export function changingCells(stride: number, runs: number): PunchCell[] {
  const pairs = changingNames.flatMap((left) => keepingNames.map((right) => [left, right] as const));
  const chosen = pairs.filter((_, index) => index % stride === 0);
  return [
    ...chosen.map((gateways) => ({ gateways, isPlain: true })),
    { gateways: ["symmetric", "symmetric"] as const, isPlain: false },
  ].flatMap((base) =>
    skews.map((skew) => ({
      ...{ ...base, skew, loss: 0, runs: Math.ceil(runs / skews.length), isCounted: true },
      programs: ["ours", "ours"] as const,
    })),
  );
}

/** Ours on both sides of gateways that let unasked packets in. */
export function trapCells(runs: number): PunchCell[] {
  const pairs = [
    ["port-restricted", "port-restricted"],
    ["none", "port-restricted"],
    ["cgnat", "port-restricted"],
  ] as const;
  return pairs.flatMap((gateways) =>
    skews.map((skew) => ({
      ...{ gateways, skew, loss: 0, runs: Math.ceil(runs / skews.length), wanInput: "accept" as const },
      programs: ["ours", "ours"] as const,
    })),
  );
}

/** Ours at both ends of a long network; `runs` for each pair that loses packets. */
export function longCells(stride: number, runs: number): PunchCell[] {
  const pairs = [
    ["none", "none"],
    ["full-cone", "restricted"],
    ["port-restricted", "port-restricted"],
    ["cgnat", "cgnat"],
  ] as const;
  return pairs
    .filter((_, index) => index % stride === 0)
    .flatMap((gateways) =>
      [20, 100].flatMap((delayMs) =>
        [0, 30].flatMap((loss) =>
          [0, 3].map((skew) => ({
            ...{ gateways, delayMs, loss, skew, runs: Math.ceil(runs / 2) },
            programs: ["ours", "ours"] as const,
          })),
        ),
      ),
    );
}
