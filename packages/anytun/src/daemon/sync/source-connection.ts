/** What is known of a server while one connection to it lasts. */
import type { ConnectionCommand, Entry, PeerPlace } from "satp-sync";

export type SourceKind =
  /** It has not said who it is; originals never do. */
  "unknown" | "original" | "node" | "control";

/** A place that waits until it is known what it is worth. */
export interface HeldPlace {
  readonly command: ConnectionCommand;
  /** When it came. */
  readonly toldMs: number;
}

/** Where an original was with its own numbers, if it is one. */
export interface HeldNumber {
  readonly mux: number;
  readonly sequence: number;
  readonly atMs: number;
}

/** A record: `Source` has the rules. */
export class SourceConnection {
  kind: SourceKind = "unknown";
  /** It has told everything that it knew. */
  isComplete = false;
  /** Entries so far. */
  size = 0;
  /** When the first entry came, and the last. */
  sinceMs = 0;
  lastMs = 0;
  /** What it has told until it is complete. */
  fresh: Entry[] = [];
  /** What counts only if it is a control host. */
  doubtful: Entry[] = [];
  /** Connections with another place than is known here, by mux, until it has said who it is. */
  readonly held: Map<number, HeldPlace> = new Map();
  /** Its latest numbers, by mux, until it has said who it is. */
  readonly numbers: Map<number, HeldNumber> = new Map();
  /** Places, until it is known what its times mean. */
  places: PeerPlace[] = [];

  takeHeld(): HeldPlace[] {
    const held = [...this.held.values()];
    this.held.clear();
    return held;
  }

  takeNumbers(): HeldNumber[] {
    const numbers = [...this.numbers.values()];
    this.numbers.clear();
    return numbers;
  }
}
