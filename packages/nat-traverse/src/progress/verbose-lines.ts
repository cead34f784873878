/** Every event in a line of its own, with its time. */
import { eventText } from "./event-text.ts";
import { diagnosisLines, type ProgramEvent, type Progress, type Subject } from "./progress.ts";

export class VerboseProgress implements Progress {
  readonly #write: (text: string) => void;
  readonly #subject: Subject;
  readonly #now: () => number;
  readonly #begun: number;

  /** @param now milliseconds */
  constructor(write: (text: string) => void, subject: Subject, now: () => number) {
    this.#write = write;
    this.#subject = subject;
    this.#now = now;
    this.#begun = now();
  }

  tell(event: ProgramEvent): void {
    const text = eventText(event, this.#subject);
    if (text === undefined) return;
    const seconds = ((this.#now() - this.#begun) / 1_000).toFixed(3).padStart(8);
    this.#write(`${seconds}  ${text}\n`);
    if (event.event !== "failed" || event.diagnosis === undefined) return;
    for (const line of diagnosisLines(event.diagnosis)) this.#write(`${" ".repeat(10)}${line}\n`);
  }
}
