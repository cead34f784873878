// One way to carry packets between two hosts: what the benchmarks compare and the long runs load.
import type { LinkEnd, Program, Requirement } from "../lab/index.ts";

export interface Tunnel {
  /** Addresses inside the tunnel. */
  readonly left: string;
  readonly right: string;
  /** Interface that carries them, of one name in both hosts. */
  readonly device: string;
  /** The processes that do the work; empty for a bare link. They belong to their hosts. */
  readonly programs: readonly Program[];
}

export interface Contender {
  readonly name: string;
  readonly needs: readonly Requirement[];
  /** Starts both ends and returns when a ping has passed. @throws LabError */
  start(left: LinkEnd, right: LinkEnd): Promise<Tunnel>;
}

/** MTU inside every tunnel that is compared; each SATP daemon sets it by itself. */
export const innerMtu: number = 1400;
