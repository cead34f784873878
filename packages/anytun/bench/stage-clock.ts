/** Where the time of a data plane goes: each stage adds up its milliseconds, calls and packets. */

/** In the order of a packet's journey; `wait` is the time without work. */
export const STAGES = [
  "wait",
  "read",
  "frame",
  "seal",
  "send",
  "receive",
  "classify",
  "open",
  "accept",
  "write",
] as const;

export type Stage = (typeof STAGES)[number];

export interface StageSum {
  readonly ms: number;
  readonly calls: number;
  /** What a source delivered, what any other stage was handed. */
  readonly packets: number;
}

export class StageClock implements StageSum {
  ms = 0;
  calls = 0;
  packets = 0;
  /** Milliseconds with a fraction. */
  readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Ends a call that began at `startedMs`. */
  end(startedMs: number, packets: number): void {
    this.ms += this.now() - startedMs;
    this.calls++;
    this.packets += packets;
  }

  reset(): void {
    this.ms = 0;
    this.calls = 0;
    this.packets = 0;
  }

  get sum(): StageSum {
    return { ms: this.ms, calls: this.calls, packets: this.packets };
  }
}

export type StageClocks = Readonly<Record<Stage, StageClock>>;

export function stageClocks(now: () => number): StageClocks {
  const clock = (): StageClock => new StageClock(now);
  return {
    wait: clock(),
    read: clock(),
    frame: clock(),
    seal: clock(),
    send: clock(),
    receive: clock(),
    classify: clock(),
    open: clock(),
    accept: clock(),
    write: clock(),
  };
}
