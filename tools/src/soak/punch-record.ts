// What runs of the hole puncher gave, one line each in a file, so that a long matrix can be done in pieces.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { PunchCell, PunchRun } from "./punch-matrix.ts";

export class PunchRecord {
  readonly #file: string | undefined;
  readonly #runs = new Map<string, (PunchRun | undefined)[]>();

  /** @param file read if it is there, and appended to; without it nothing outlives the process */
  constructor(file?: string) {
    this.#file = file;
    if (file === undefined || !existsSync(file)) return;
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const entry: unknown = line === "" ? undefined : JSON.parse(line);
      if (isEntry(entry)) this.#put(entry.cell, entry.n, entry.run);
    }
  }

  has(cell: PunchCell, n: number): boolean {
    return this.#runs.get(name(cell))?.[n] !== undefined;
  }

  add(cell: PunchCell, n: number, run: PunchRun): void {
    this.#put(name(cell), n, run);
    if (this.#file === undefined) return;
    const entry: Entry = { cell: name(cell), n, run };
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** As many as the cell asks for at most. */
  runsOf(cell: PunchCell): PunchRun[] {
    return (this.#runs.get(name(cell)) ?? []).slice(0, cell.runs).filter((run) => run !== undefined);
  }

  #put(cell: string, n: number, run: PunchRun): void {
    const runs = this.#runs.get(cell) ?? [];
    this.#runs.set(cell, runs);
    runs[n] = run;
  }
}

interface Entry {
  readonly cell: string;
  readonly n: number;
  readonly run: PunchRun;
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && "cell" in value && "n" in value && "run" in value;
}

/** However many runs it has. */
function name({ programs, gateways, skew, loss, wanInput, delayMs, timeout, isPlain }: PunchCell): string {
  const more = [wanInput, delayMs, timeout, isPlain].map((value) => value ?? "-");
  return [...programs, ...gateways, skew, loss, ...more].join(" ");
}
