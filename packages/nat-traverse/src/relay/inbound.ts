/** From the peer to standard output: everything in order, marks answered when what came before them is written. */
import type { Mark, MarkAnswer } from "./flow-window.ts";

/** Waiting to be written: more than this, and the kernel has to keep the rest. */
const PAUSE_BYTES = 1024 * 1_024;
const RESUME_BYTES = 256 * 1_024;
/** Cost of what the kernel's queue holds by default (212,992 bytes), with something to spare. */
const ROOM = 96 * 1_024;

export interface InboundSink {
  write(bytes: Uint8Array): void;
  answerMark(answer: MarkAnswer): void;
  pausePeer(): void;
  resumePeer(): void;
}

interface WaitingMark {
  readonly mark: Mark;
  /** Answered when so many bytes are written. */
  readonly at: number;
  readonly datagrams: number;
}

export class Inbound {
  readonly #sink: InboundSink;
  #datagrams = 0;
  #accepted = 0;
  #written = 0;
  #isPaused = false;
  #marks: WaitingMark[] = [];

  constructor(sink: InboundSink) {
    this.#sink = sink;
  }

  /** Datagrams that came. */
  get datagrams(): number {
    return this.#datagrams;
  }

  get bytes(): number {
    return this.#accepted;
  }

  /** Nothing is read from the peer, because too much waits to be written. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isWritten(): boolean {
    return this.#written === this.#accepted;
  }

  data(datagram: Uint8Array): void {
    this.#datagrams += 1;
    if (datagram.length === 0) return;
    this.#accepted += datagram.length;
    this.#sink.write(datagram);
    if (this.#isPaused || this.#accepted - this.#written <= PAUSE_BYTES) return;
    this.#isPaused = true;
    this.#sink.pausePeer();
  }

  mark(mark: Mark): void {
    this.#marks.push({ mark, at: this.#accepted, datagrams: this.#datagrams });
    this.#answer();
  }

  written(bytes: number): void {
    this.#written += bytes;
    this.#answer();
    if (!this.#isPaused || this.#accepted - this.#written > RESUME_BYTES) return;
    this.#isPaused = false;
    this.#sink.resumePeer();
  }

  #answer(): void {
    while (this.#marks[0] !== undefined && this.#marks[0].at <= this.#written) {
      const waiting = this.#marks.shift();
      if (waiting === undefined) return;
      this.#sink.answerMark({ number: waiting.mark.number, datagrams: waiting.datagrams, room: ROOM });
    }
  }
}
