/** Many runs of two ends, and what became of them. */

import type { NatKind } from "satp-tools/lab";
import type { PunchOptions } from "../../src/punch/types.ts";
import { type EndOptions, NewEnd, OriginalEnd } from "./ends.ts";
import { Network, type PathOptions } from "./network.ts";

export interface Trial {
  readonly kinds: readonly [NatKind, NatKind];
  readonly path?: Partial<PathOptions>;
  readonly seed: number;
  /** Milliseconds by which the right end is later; negative: earlier. */
  readonly skew?: number;
  readonly isTrap?: boolean;
  readonly drops?: (side: 0 | 1, n: number) => boolean;
  readonly options?: Partial<EndOptions> & Partial<PunchOptions>;
}

export interface Outcome<Left, Right> {
  readonly left: Left;
  readonly right: Right;
  readonly network: Network;
  readonly both: boolean;
  readonly oneSided: boolean;
  /** From the later start until both are connected, milliseconds. */
  readonly took: number;
}

type Ends = NewEnd | OriginalEnd;

const LATEST_MS = 120_000;

export function twoNewEnds(trial: Trial): Outcome<NewEnd, NewEnd> {
  const network = networkOf(trial);
  const [left, right] = sidesOf(trial);
  return finish(
    network,
    new NewEnd(network, { ...left, ...trial.options }),
    new NewEnd(network, { ...right, ...trial.options }),
  );
}

/** Ours is left. */
export function withOriginal(trial: Trial): Outcome<NewEnd, OriginalEnd> {
  const network = networkOf(trial);
  const [left, right] = sidesOf(trial);
  return finish(network, new NewEnd(network, { ...left, ...trial.options }), new OriginalEnd(network, right));
}

export function twoOriginals(trial: Trial): Outcome<OriginalEnd, OriginalEnd> {
  const network = networkOf(trial);
  const [left, right] = sidesOf(trial);
  return finish(network, new OriginalEnd(network, left), new OriginalEnd(network, right));
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function networkOf(trial: Trial): Network {
  const network = new Network(trial.kinds, trial.path ?? {}, trial.seed, trial.isTrap);
  network.drops = trial.drops;
  return network;
}

function sidesOf({ skew = 0 }: Trial): [EndOptions, EndOptions] {
  return [
    { side: 0, localPort: 40_000, peerPort: 40_001, startAt: Math.max(0, -skew) },
    { side: 1, localPort: 40_001, peerPort: 40_000, startAt: Math.max(0, skew) },
  ];
}

function finish<Left extends Ends, Right extends Ends>(
  network: Network,
  left: Left,
  right: Right,
): Outcome<Left, Right> {
  network.until(LATEST_MS, () => left.isOver && right.isOver);
  // What is still under way, and what lingers, arrives.
  network.until(network.now + 5_000, () => false);
  const both = left.isConnected && right.isConnected;
  return {
    ...{ left, right, network, both, oneSided: left.isConnected !== right.isConnected },
    took: Math.max(left.connectedAt, right.connectedAt) - Math.max(left.startAt, right.startAt),
  };
}
