/** What the program tells while it works. Each way of telling is a {@link Progress} of its own. */
import type { Diagnosis, HoleEvent } from "../hole-types.ts";
import type { RelayEnd } from "../relay/relay.ts";

/** The argument as typed, and what the texts name besides. */
export interface Subject {
  readonly localPort: string;
  readonly peer: string;
  readonly remotePort: string;
  readonly window: number;
  readonly timeout: number;
}

export interface RelayCounters {
  readonly sentBytes: number;
  readonly sentDatagrams: number;
  readonly lostDatagrams: number;
  readonly receivedBytes: number;
  readonly receivedDatagrams: number;
}

/** What happens from the start to the end, in this order; hole events are in between. */
export type ProgramEvent =
  | { readonly event: "creating" }
  | HoleEvent
  | { readonly event: "quit" }
  | { readonly event: "redirecting" }
  | { readonly event: "redirected" }
  | { readonly event: "executing"; readonly command: string }
  | { readonly event: "relaying" }
  | { readonly event: "relayed"; readonly end: RelayEnd; readonly counters: RelayCounters }
  /** The end of an attempt or of a connection, in the original's words where it has some. */
  | { readonly event: "failed"; readonly text: string; readonly status: number; readonly diagnosis?: Diagnosis };

export interface Progress {
  tell(event: ProgramEvent): void;
}

/** Nothing but failures, each in one line. */
export class QuietProgress implements Progress {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  tell(event: ProgramEvent): void {
    if (event.event === "failed") this.#write(`nat-traverse: ${event.text.trim()}\n`);
  }
}

/** One JSON object a line, for programs. */
export class JsonProgress implements Progress {
  readonly #write: (text: string) => void;
  readonly #subject: Subject;

  constructor(write: (text: string) => void, subject: Subject) {
    this.#write = write;
    this.#subject = subject;
  }

  tell(event: ProgramEvent): void {
    this.#write(`${JSON.stringify(this.#complete(event))}\n`);
  }

  #complete(event: ProgramEvent): object {
    if (event.event === "creating") return { ...event, ...this.#subject };
    return event.event === "failed" ? { ...event, text: event.text.trim() } : event;
  }
}

/** The lines of a diagnosis: seen, meaning, advice. */
export function diagnosisLines({ seen, meaning, advice }: Diagnosis): string[] {
  return [...seen, ...meaning, ...advice.map((text) => `try: ${text}`)];
}
