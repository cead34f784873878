// Two relays with a network and a clock between them, all in memory.
import type { SendOutcome } from "../../src/hole-types.ts";
import { Relay, type RelayEnd, type RelayOptions } from "../../src/relay/relay.ts";
import type { ControlKind } from "../../src/wire.ts";

/** What becomes of a packet: the milliseconds it takes for each copy that arrives. */
export type Path = (sequence: number) => readonly number[];

export interface EndOptions extends Partial<RelayOptions> {
  /** Bytes that its reader takes in a millisecond. */
  readonly readerRate?: number;
}

type Packet = { readonly data: Uint8Array } | { readonly kind: ControlKind; readonly body: Uint8Array };

export class Timeline {
  now = 1_000;
  readonly #events: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  at(delay: number, run: () => void): void {
    this.#events.push({ at: this.now + delay, order: this.#order++, run });
    this.#events.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  /** Runs what happens in the next milliseconds. */
  run(ms: number, ends: readonly RelayEndpoint[]): void {
    const until = this.now + ms;
    for (;;) {
      const tick = Math.min(...ends.map((end) => (end.isAlive ? end.relay.deadline : Infinity)));
      const next = this.#events[0];
      const at = Math.min(tick, next?.at ?? Infinity);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (next !== undefined && next.at <= tick) {
        this.#events.shift();
        next.run();
        continue;
      }
      for (const end of ends) if (end.isAlive && end.relay.deadline <= this.now) end.relay.tick(this.now);
    }
    this.now = until;
  }
}

export class RelayEndpoint {
  readonly relay: Relay;
  readonly output: Uint8Array[] = [];
  outputBytes = 0;
  /** Every datagram of data as it left. */
  readonly sent: Uint8Array[] = [];
  readonly controls: ControlKind[] = [];
  peer: RelayEndpoint | undefined;
  end: RelayEnd | undefined;
  isAlive = true;
  isOutputEnded = false;
  isInputPaused = false;
  isPeerPaused = false;
  /** What the kernel answers to a send. */
  answers: SendOutcome[] = [];
  readonly #clock: Timeline;
  readonly #path: Path;
  readonly #queued: Packet[] = [];
  #sequence = 0;
  #readerFreeAt = 0;

  constructor(clock: Timeline, path: Path, { readerRate = Infinity, ...options }: EndOptions = {}) {
    this.#clock = clock;
    this.#path = path;
    const all = { isPeerRelay: true, stays: false, keepaliveSeconds: 25, wholeBytes: 1_000, bytesPerSecond: undefined };
    this.relay = new Relay(
      { ...all, ...options },
      {
        send: (datagram) => this.#send({ data: datagram.slice() }),
        sendControl: (kind, body) => this.#send({ kind, body }),
        write: (bytes) => {
          this.output.push(bytes);
          this.outputBytes += bytes.length;
          this.#readerFreeAt = Math.max(this.#readerFreeAt, clock.now) + bytes.length / readerRate;
          clock.at(this.#readerFreeAt - clock.now, () => this.relay.written(bytes.length));
        },
        endOutput: () => {
          this.isOutputEnded = true;
        },
        pauseInput: () => {
          this.isInputPaused = true;
        },
        resumeInput: () => {
          this.isInputPaused = false;
        },
        pausePeer: () => {
          this.isPeerPaused = true;
        },
        resumePeer: () => {
          this.isPeerPaused = false;
          for (const packet of this.#queued.splice(0)) this.receive(packet);
        },
        end: (end) => {
          this.end = end;
          this.isAlive = false;
        },
      },
      clock.now,
    );
  }

  get text(): string {
    return Buffer.concat(this.output).toString();
  }

  type(text: string): void {
    this.relay.input(Buffer.from(text), this.#clock.now);
  }

  endInput(): void {
    this.relay.inputEnded(this.#clock.now);
  }

  receive(packet: Packet): void {
    if (!this.isAlive) return;
    if (this.isPeerPaused) this.#queued.push(packet);
    else if ("data" in packet) this.relay.data(packet.data, this.#clock.now);
    else this.relay.control(packet.kind, packet.body, this.#clock.now);
  }

  #send(packet: Packet): SendOutcome {
    const answer = this.answers.shift() ?? "sent";
    if (answer !== "sent") return answer;
    if ("data" in packet) this.sent.push(packet.data);
    else this.controls.push(packet.kind);
    for (const delay of this.#path(this.#sequence++)) this.#clock.at(delay, () => this.peer?.receive(packet));
    return "sent";
  }
}

export function relayPair(options: { left?: EndOptions; right?: EndOptions; path?: Path; back?: Path } = {}): {
  left: RelayEndpoint;
  right: RelayEndpoint;
  clock: Timeline;
  run: (ms: number) => void;
} {
  const clock = new Timeline();
  const path = options.path ?? (() => [10]);
  const left = new RelayEndpoint(clock, path, options.left);
  const right = new RelayEndpoint(clock, options.back ?? path, options.right);
  left.peer = right;
  right.peer = left;
  return { left, right, clock, run: (ms) => clock.run(ms, [left, right]) };
}
