/**
 * The relay between standard input, the peer and standard output: events in, effects out, no I/O and no clock.
 *
 * To an original, and to a peer that gave its socket to a command, only data may be sent: the end of input ends the
 * relay, or is kept quiet with `stays`. Two relays tell each other when their input ends, and each goes on until both
 * directions are done; they show signs of life, and one that is stopped says goodbye.
 */
import type { SendOutcome } from "../hole-types.ts";
import { type ControlKind, PacketKind } from "../wire.ts";
import * as body from "./control-body.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import { Presence } from "./presence.ts";

export interface RelayOptions {
  /** The peer relays too, and takes control packets. */
  readonly isPeerRelay: boolean;
  /** The end of input does not end the relay, even if the peer cannot be told. */
  readonly stays: boolean;
  /** Seconds between two packets to a peer that relays, at most; 0 sends none of its own accord. */
  readonly keepaliveSeconds: number;
  /** Bytes of data in a datagram that no path cuts. */
  readonly wholeBytes: number;
  readonly bytesPerSecond: number | undefined;
}

/**
 * - `input-ended`: our input ended and the peer cannot be told
 * - `done`: both inputs ended, and everything is written
 * - `peer-stopped`: it said goodbye before it was done
 * - `peer-silent`: no sign of life for four of its intervals
 * - `refused`, `unreachable`: the network said so, again and again
 */
export type RelayEnd = "input-ended" | "done" | "peer-stopped" | "peer-silent" | "refused" | "unreachable";

export interface RelayEffects {
  send(datagram: Uint8Array): SendOutcome;
  sendControl(kind: ControlKind, body: Uint8Array): SendOutcome;
  /** In order; to be answered with `written` when it is done. */
  write(bytes: Uint8Array): void;
  /** Nothing more will be written. */
  endOutput(): void;
  pauseInput(): void;
  resumeInput(): void;
  pausePeer(): void;
  resumePeer(): void;
  /** Once, when everything that came is written. */
  end(end: RelayEnd): void;
}

/** Data of the peer that overtook or was overtaken by its end of input. */
const STRAGGLERS_MS = 400;
const FIRST_REPEAT_MS = 200;
const LAST_REPEAT_MS = 2_000;
/** A peer that does not answer our end of input, when everything else is done, has gone. */
const UNHEARD_END_MS = 10_000;
/** Goodbyes; nobody answers them. */
const BYES = 3;

export class Relay {
  readonly #options: RelayOptions;
  readonly #effects: RelayEffects;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #presence: Presence;
  #isInputPaused = false;
  #end: RelayEnd | undefined;
  #hasEnded = false;

  /** Our own end of input: reached, and known to the peer. */
  #inputEndedAt: number | undefined;
  #isEndHeard = false;
  #repeatAt = Number.POSITIVE_INFINITY;
  #repeatMs = FIRST_REPEAT_MS;

  /** Datagrams that the peer sent before its end of input. */
  #peerSent: number | undefined;
  #stragglersUntil = Number.POSITIVE_INFINITY;
  #isOutputEnded = false;

  constructor(options: RelayOptions, effects: RelayEffects, now: number) {
    this.#options = options;
    this.#effects = effects;
    this.#presence = new Presence(options.keepaliveSeconds, options.isPeerRelay, now);
    this.#inbound = new Inbound({
      write: effects.write,
      pausePeer: effects.pausePeer,
      resumePeer: effects.resumePeer,
      answerMark: (answer) => void effects.sendControl(PacketKind.markAnswer, body.markAnswerBody(answer)),
    });
    this.#outbound = new Outbound(
      {
        isStream: options.isPeerRelay,
        wholeBytes: options.wholeBytes,
        bytesPerSecond: options.bytesPerSecond,
      },
      {
        send: effects.send,
        sendMark: (mark) => void effects.sendControl(PacketKind.mark, body.markBody(mark)),
        onAway: (outcome, now) => this.#away(outcome, now),
      },
    );
    // tells our interval, and opens the way for the peer's packets once more
    if (options.isPeerRelay) this.#sendKeepalive(now);
  }

  /** What went and came, for reports. */
  get counters(): {
    sentBytes: number;
    sentDatagrams: number;
    lostDatagrams: number;
    receivedBytes: number;
    receivedDatagrams: number;
  } {
    return {
      sentBytes: this.#outbound.bytes,
      sentDatagrams: this.#outbound.datagrams,
      lostDatagrams: this.#outbound.window?.lost ?? 0,
      receivedBytes: this.#inbound.bytes,
      receivedDatagrams: this.#inbound.datagrams,
    };
  }

  /** When `tick` should be called next. */
  get deadline(): number {
    if (this.#hasEnded) return Number.POSITIVE_INFINITY;
    return Math.min(
      this.#outbound.deadline ?? Infinity,
      this.#presence.keepaliveAt,
      this.#inbound.isPaused ? Infinity : this.#presence.silentAt,
      this.#repeatAt,
      this.#stragglersUntil,
    );
  }

  /** One read of standard input. */
  input(chunk: Uint8Array, now: number): void {
    if (this.#end !== undefined) return;
    this.#outbound.push(chunk);
    this.#pump(now);
  }

  inputEnded(now: number): void {
    this.#inputEndedAt ??= now;
    this.#pump(now);
  }

  /** One datagram of the peer. */
  data(datagram: Uint8Array, now: number): void {
    this.#presence.heard(now);
    if (this.#end !== undefined || this.#isOutputEnded) return;
    this.#inbound.data(datagram);
    this.#finishIfComplete();
  }

  control(kind: ControlKind, content: Uint8Array, now: number): void {
    this.#presence.heard(now);
    if (this.#end !== undefined) return;
    switch (kind) {
      case PacketKind.keepalive:
        this.#presence.peerInterval(body.readKeepalive(content) ?? 0);
        break;
      case PacketKind.mark: {
        const mark = body.readMark(content);
        if (mark !== undefined) this.#inbound.mark(mark);
        break;
      }
      case PacketKind.markAnswer: {
        const answer = body.readMarkAnswer(content);
        if (answer !== undefined) this.#outbound.window?.answered(answer, now);
        this.#pump(now);
        break;
      }
      case PacketKind.endOfInput:
        this.#sendControl(PacketKind.endOfInputHeard, new Uint8Array(0), now);
        this.#peerEnded(body.readEndOfInput(content) ?? 0, now);
        break;
      case PacketKind.endOfInputHeard:
        this.#endHeard();
        break;
      case PacketKind.bye:
        // a peer that is done has heard our end
        if (body.readBye(content) === body.ByeReason.done) this.#endHeard();
        if (!this.#isEndHeard || this.#peerSent === undefined) this.#leave("peer-stopped");
        break;
      case PacketKind.data:
        break;
    }
  }

  /** The peer's program was started again, and knows nothing of this connection. */
  restarted(): void {
    if (this.#options.isPeerRelay) this.#leave("peer-stopped");
  }

  /** Everything up to here is with whoever reads our standard output. */
  written(bytes: number): void {
    this.#inbound.written(bytes);
    this.#finish();
  }

  /** ICMP said that nobody listens at the peer. */
  refused(now: number): void {
    this.#away("refused", now);
  }

  /** Ends at once, with a goodbye where one is understood. */
  stop(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sayGoodbye(body.ByeReason.stopped);
  }

  tick(now: number): void {
    if (this.#hasEnded) return;
    if (this.#inbound.isPaused) this.#presence.heard(now);
    if (now >= this.#presence.silentAt) {
      this.#leave("peer-silent");
      return;
    }
    if (now >= this.#stragglersUntil) this.#finishOutput();
    if (now >= this.#repeatAt) this.#sendEnd(now);
    if (now >= this.#presence.keepaliveAt) this.#sendKeepalive(now);
    this.#pump(now);
  }

  #pump(now: number): void {
    if (this.#end !== undefined) return;
    const before = this.#outbound.datagrams;
    this.#outbound.pump(now);
    if (this.#outbound.datagrams !== before) this.#presence.sent(now);
    if (this.#outbound.isFull !== this.#isInputPaused) {
      this.#isInputPaused = this.#outbound.isFull;
      if (this.#isInputPaused) this.#effects.pauseInput();
      else this.#effects.resumeInput();
    }
    if (this.#inputEndedAt === undefined || !this.#outbound.isEmpty) return;
    if (this.#options.isPeerRelay) {
      if (!this.#isEndHeard && this.#repeatAt === Infinity) this.#sendEnd(now);
    } else if (!this.#options.stays) this.#leave("input-ended");
  }

  #sendEnd(now: number): void {
    if (this.#isOutputEnded && now - (this.#inputEndedAt ?? now) > UNHEARD_END_MS) {
      this.#endHeard();
      return;
    }
    this.#repeatAt = now + this.#repeatMs;
    this.#repeatMs = Math.min(2 * this.#repeatMs, LAST_REPEAT_MS);
    this.#sendControl(PacketKind.endOfInput, body.endOfInputBody(this.#outbound.datagrams), now);
  }

  #endHeard(): void {
    if (this.#inputEndedAt === undefined) return;
    this.#isEndHeard = true;
    this.#repeatAt = Infinity;
    this.#finish();
  }

  #peerEnded(datagrams: number, now: number): void {
    if (this.#peerSent !== undefined) return;
    this.#peerSent = datagrams;
    this.#stragglersUntil = now + STRAGGLERS_MS;
    this.#finishIfComplete();
  }

  /** Ends our output once all that the peer sent before its end has come; what does not come in time is lost. */
  #finishIfComplete(): void {
    if (this.#peerSent !== undefined && this.#inbound.datagrams >= this.#peerSent) this.#finishOutput();
  }

  #finishOutput(): void {
    this.#stragglersUntil = Infinity;
    if (this.#isOutputEnded) return;
    this.#isOutputEnded = true;
    this.#effects.endOutput();
    this.#finish();
  }

  #finish(): void {
    if (this.#end === undefined && this.#isEndHeard && this.#isOutputEnded) this.#end = "done";
    if (this.#end === undefined || this.#hasEnded || !this.#inbound.isWritten) return;
    this.#hasEnded = true;
    const isInTime = this.#end === "done" || this.#end === "input-ended";
    this.#sayGoodbye(isInTime ? body.ByeReason.done : body.ByeReason.stopped);
    this.#effects.end(this.#end);
  }

  /** Nothing more is sent; what came is written first. */
  #leave(end: RelayEnd): void {
    this.#end ??= end;
    this.#finish();
  }

  #sayGoodbye(reason: body.ByeReason): void {
    if (!this.#options.isPeerRelay) return;
    for (let i = 0; i < BYES; i++) this.#effects.sendControl(PacketKind.bye, body.byeBody(reason));
  }

  #away(outcome: "refused" | "unreachable", now: number): void {
    if (this.#end !== undefined) return;
    // everything is said and written: a peer that is gone was done as well
    const isDone = this.#isOutputEnded && this.#inputEndedAt !== undefined && this.#outbound.isEmpty;
    if (outcome === "refused" && isDone) this.#endHeard();
    else if (this.#presence.refused(now)) this.#leave(outcome);
  }

  #sendKeepalive(now: number): void {
    this.#sendControl(PacketKind.keepalive, body.keepaliveBody(this.#options.keepaliveSeconds), now);
  }

  #sendControl(kind: ControlKind, content: Uint8Array, now: number): void {
    this.#presence.sent(now);
    // the kernel tells an earlier refusal instead of sending
    if (this.#effects.sendControl(kind, content) === "refused") this.#effects.sendControl(kind, content);
  }
}
