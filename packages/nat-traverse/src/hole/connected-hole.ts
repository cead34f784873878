/** An open hole: data both ways, and what is left of the handshake kept out of it. */

import type { Endpoint, Hole, HoleListener, Purpose, SendOutcome } from "../hole-types.ts";
import type { Puncher } from "../punch/puncher.ts";
import type { Connection, PunchInput } from "../punch/types.ts";
import {
  Capability,
  type ControlKind,
  needsWrapping,
  PacketKind,
  readPacket,
  type Session,
  writeControl,
} from "../wire.ts";
import { Filter } from "./filter.ts";
import type { Port } from "./port.ts";

const MOST_EARLY = 1_024;
const SETTLE_MS = 3_000;
/** What is under way arrives within this time, or two round trips. */
const LEAST_QUIET_MS = 50;
const NOTHING = new Uint8Array();

export interface HoleParts {
  readonly puncher: Puncher;
  readonly connection: Connection;
  readonly port: Port;
  readonly session: Session;
  readonly capabilities: number;
  /** Carries out what the puncher wants after an event. */
  readonly handle: (input: PunchInput) => void;
  /** Ends timers that serve the puncher. */
  readonly end: () => void;
}

export class ConnectedHole implements Hole {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  readonly peerKind: "new" | "original";
  readonly peerPurpose: Purpose | undefined;
  readonly mappedPort: number | undefined;
  readonly #parts: HoleParts;
  readonly #filter: Filter;
  readonly #wraps: boolean;
  #waiting: Uint8Array[] = [];
  #listener: HoleListener | undefined;
  #isClosed = false;
  #isPaused = false;
  #heardAt = 0;

  constructor(parts: HoleParts) {
    const { connection, port, session } = parts;
    this.#parts = parts;
    this.local = port.local;
    this.peer = connection.to;
    this.peerKind = connection.peerKind;
    this.peerPurpose = connection.peerKind === "new" ? purposeOf(connection.peerCapabilities) : undefined;
    this.mappedPort = connection.mappedPort;
    const capabilities = connection.peerKind === "new" ? connection.peerCapabilities : 0;
    this.#filter = new Filter(session, connection.peerSession, capabilities);
    this.#wraps = connection.peerKind === "new" && (capabilities & Capability.relay) !== 0;
    this.#waiting.push(...connection.early);
  }

  get roundTripMs(): number | undefined {
    return this.#parts.puncher.roundTripMs;
  }

  listen(listener: HoleListener): void {
    if (this.#listener !== undefined) throw new Error("the hole has a listener");
    this.#listener = listener;
    this.#parts.port.takeAll();
    this.#deliverWaiting();
  }

  pause(): void {
    this.#isPaused = true;
    this.#parts.port.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliverWaiting();
    if (!this.#isPaused) this.#parts.port.resume();
  }

  send(datagram: Uint8Array): SendOutcome {
    if (!this.#wraps || !needsWrapping(datagram)) return this.#send(datagram);
    return this.sendControl(PacketKind.data, datagram);
  }

  sendControl(kind: ControlKind, body: Uint8Array = NOTHING): SendOutcome {
    const { session, capabilities, connection } = this.#parts;
    return this.#send(writeControl({ kind, capabilities, session, heardSession: connection.peerSession, body }));
  }

  async settled(): Promise<void> {
    const quiet = Math.max(LEAST_QUIET_MS, 2 * (this.roundTripMs ?? 0));
    const end = performance.now() + SETTLE_MS;
    const isNew = this.peerKind === "new";
    for (;;) {
      const now = performance.now();
      const isQuiet = this.#parts.puncher.isSettled && now - this.#heardAt >= (isNew ? quiet : 0);
      // who sends data knows, and nothing more is read
      if (this.#parts.port.isLeft) return;
      if (this.#isClosed || isQuiet || now >= end) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  detach(): number {
    if (this.#isClosed) throw new Error("the hole is closed");
    this.#isClosed = true;
    this.#parts.end();
    return this.#parts.port.detach();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.end();
    this.#parts.port.close();
  }

  /** What the puncher still says; never wrapped. */
  shake(bytes: Uint8Array): void {
    this.#send(bytes);
  }

  /** For whoever owns the ports. */
  datagram(from: Endpoint, bytes: Buffer): void {
    if (this.#isClosed) return;
    if (readPacket(bytes).is === "handshake") this.#heardAt = performance.now();
    if (this.#listener === undefined || this.#isPaused || this.#waiting.length > 0) {
      // Handshake packets cannot wait: the peer does.
      if (this.#filter.sort(bytes).is === "handshake") this.#answer(from, bytes);
      else if (this.#waiting.length < MOST_EARLY) this.#waiting.push(bytes);
      return;
    }
    this.#deliver(this.#listener, from, bytes);
  }

  bounced(why: "refused" | "unreachable" | "expired"): void {
    if (!this.#isClosed && why === "refused") this.#listener?.refused?.();
  }

  restarted(): void {
    if (!this.#isClosed) this.#listener?.restarted?.();
  }

  failed(error: Error): void {
    if (!this.#isClosed) this.#listener?.failed?.(error);
  }

  #deliverWaiting(): void {
    while (this.#listener !== undefined && !this.#isPaused && !this.#isClosed) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) return;
      this.#deliver(this.#listener, this.peer, Buffer.from(bytes));
    }
  }

  #deliver(listener: HoleListener, from: Endpoint, bytes: Buffer): void {
    const sorted = this.#filter.sort(bytes);
    if (sorted.is === "data") listener.data(sorted.bytes === bytes ? bytes : Buffer.from(sorted.bytes));
    else if (sorted.is === "control") listener.control?.(sorted.packet.kind, sorted.packet.body);
    else if (sorted.is === "handshake") this.#answer(from, bytes);
  }

  #answer(from: Endpoint, bytes: Buffer): void {
    this.#parts.handle({ is: "datagram", socket: this.#parts.connection.socket, from, bytes });
  }

  #send(bytes: Uint8Array): SendOutcome {
    return this.#isClosed ? "unreachable" : this.#parts.port.send(this.peer, bytes);
  }
}

function purposeOf(capabilities: number): Purpose {
  if ((capabilities & Capability.relay) !== 0) return "relay";
  return (capabilities & Capability.command) !== 0 ? "command" : "quit";
}
