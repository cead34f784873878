/** For a person at a terminal: one line that tells how it goes, and one that stays for what came of it. */
import { endpointText, eventText, secondsText } from "./event-text.ts";
import { diagnosisLines, type ProgramEvent, type Progress, type Subject } from "./progress.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const FRAME_MS = 100;

export interface Screen {
  write(text: string): void;
  readonly columns: number;
  readonly hasColour: boolean;
  /** Milliseconds. */
  now(): number;
  /** Calls until the returned function is called; must not keep the process alive. */
  every(ms: number, run: () => void): () => void;
}

export class LiveProgress implements Progress {
  readonly #screen: Screen;
  readonly #subject: Subject;
  readonly #begun: number;
  #stop: (() => void) | undefined;
  #frame = 0;
  #packets = 0;
  #state = "";
  #peer = "";

  constructor(screen: Screen, subject: Subject) {
    this.#screen = screen;
    this.#subject = subject;
    this.#begun = screen.now();
  }

  tell(event: ProgramEvent): void {
    switch (event.event) {
      case "creating":
        this.#state = `${this.#subject.localPort} → ${this.#subject.peer}:${this.#subject.remotePort}`;
        this.#stop = this.#screen.every(FRAME_MS, () => this.#draw());
        break;
      case "socket":
        this.#state = `${endpointText(event.local)} → ${endpointText(event.peer)}, nothing heard yet`;
        break;
      case "garbage":
        this.#packets = event.count;
        break;
      case "heard":
        this.#peer = event.peer === "new" ? "" : ", an original";
        this.#state = `heard ${endpointText(event.from)}, agreeing`;
        break;
      case "refused":
        this.#state = `nobody listens at ${event.from} yet`;
        break;
      case "spraying":
        this.#state = `looking for the port that a gateway chose, ${event.packetsPerSecond} packets a second`;
        break;
      case "connected": {
        const text = `connected to ${endpointText(event.peer)}${this.#peer} after ${secondsText(event.ms)}`;
        this.#settle("32", "✓", text);
        break;
      }
      case "executing":
        this.#settle("2", "→", event.command);
        break;
      case "relaying":
        this.#settle("2", "→", "type ahead; Ctrl-D ends your side");
        break;
      case "relayed":
        this.#settle("32", "✓", eventText(event, this.#subject) ?? "");
        break;
      case "failed":
        this.#settle("31", "✗", event.text.trim());
        for (const line of event.diagnosis === undefined ? [] : diagnosisLines(event.diagnosis)) {
          this.#screen.write(`  ${line}\n`);
        }
        break;
      default:
        break;
    }
    if (this.#stop !== undefined) this.#draw();
  }

  #draw(): void {
    const frame = FRAMES[this.#frame++ % FRAMES.length] ?? "";
    const seconds = Math.floor((this.#screen.now() - this.#begun) / 1_000);
    const sent = this.#packets === 0 ? "" : `, second ${this.#packets} of ${this.#subject.window}`;
    const text = `${this.#state}${sent}  ${seconds} s`;
    // a line that wraps cannot be drawn over
    const fitting = [...text].slice(0, Math.max(10, this.#screen.columns - 3)).join("");
    this.#screen.write(`\r\u001b[K${this.#paint("36", frame)} ${fitting}`);
  }

  /** Ends the live line, if there is one, with a line that stays. */
  #settle(colour: string, sign: string, text: string): void {
    const isLive = this.#stop !== undefined;
    this.#stop?.();
    this.#stop = undefined;
    this.#screen.write(`${isLive ? "\r\u001b[K" : ""}${this.#paint(colour, sign)} ${text}\n`);
  }

  #paint(code: string, text: string): string {
    return this.#screen.hasColour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
