/** What was seen while a hole is opened, for the diagnosis if it fails. */
import type { Endpoint } from "../hole-types.ts";
import type { Sightings } from "./diagnosis.ts";
import type { PunchOptions } from "./types.ts";

export class Notes {
  readonly #startedAt: number;
  readonly #refusedBy = new Set<string>();
  #unreachable = 0;
  #firstHeardAt: number | undefined;
  #heardNew: Endpoint | undefined;
  refused = 0;
  lastHeardAt: number = Number.NEGATIVE_INFINITY;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  hear(now: number): void {
    this.#firstHeardAt ??= now;
    this.lastHeardAt = now;
  }

  hearNew(from: Endpoint): void {
    this.#heardNew = from;
  }

  refuse(by: string): void {
    this.refused += 1;
    this.#refusedBy.add(by);
  }

  noWay(): void {
    this.#unreachable += 1;
  }

  sightings(options: PunchOptions, known: Known, now: number): Sightings | undefined {
    const [peer] = options.peers;
    if (peer === undefined) return undefined;
    return {
      ...known,
      ...{ peer, localPort: options.localPort, windowMs: options.windowMs },
      ...{ canSpray: options.spray, usesLowPorts: options.lowPorts },
      ...{ refused: this.refused, refusedBy: [...this.#refusedBy], unreachable: this.#unreachable },
      seconds: (now - this.#startedAt) / 1000,
      heardNew: this.#heardNew,
      silence: now - this.lastHeardAt,
      firstHeardAfter: (this.#firstHeardAt ?? now) - this.#startedAt,
    };
  }
}

/** What others know. */
export type Known = Pick<Sightings, "heardOriginal" | "peerHearsUs" | "mappedPort" | "hasSprayed">;
