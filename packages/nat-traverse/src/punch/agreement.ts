/**
 * How two new ends agree on one way and on being connected; the levels are those of docs/wire/nat-traverse.md. No end
 * reaches level 3 before it knows that the other one can.
 */
import type { Endpoint } from "../hole-types.ts";
import { type HandshakePacket, type Session, writeHandshake } from "../wire.ts";
import { sameEndpoint } from "./types.ts";

/** A local socket and a remote endpoint. */
export interface Way {
  readonly socket: number;
  readonly to: Endpoint;
}

interface HeardWay extends Way {
  /** Our number of it. */
  readonly path: number;
  hisPath: number;
  hisStamp: number;
  heardAt: number;
  /** The peer heard us here, and we it. */
  isProven: boolean;
  sentAt: number;
  /** What our last packet here said; another one says something new. */
  said: string;
}

/** Ways that are remembered; a spraying peer may be heard on several. */
const MOST_WAYS = 6;
const MOST_RETIRED = 8;
/** An answer that says nothing new is not sent sooner after the last one. */
const LEAST_PAUSE_MS = 40;
/** From packet to packet of an end that waits for the other, first and later. */
const QUICK_MS = 100;
const SLOW_MS = 250;
const QUICK_FOR_MS = 2000;
/** So long after the last packet a way is still worth a packet of ours. */
const WAY_LIFE_MS = 5000;

/** Where a packet came from: the endpoint that was asked for, another port of the peer's, or somewhere else. */
export type Origin = "expected" | "address" | "elsewhere";

/** What a handshake packet was: of a peer to go on with, of a run that is over, or not for us. */
export type Hearing = "heard" | "restarted" | "ignored";

/** Ports that both ends were started with; the peer's are the same in the other order. */
export type PortPair = Pick<HandshakePacket, "localPort" | "peerPort">;

export class Agreement {
  readonly #session: Session;
  readonly #ports: PortPair;
  readonly #capabilities: number;
  readonly #ways: HeardWay[] = [];
  readonly #retired: Session[] = [];
  #isPeerProven = false;
  #chosen: HeardWay | undefined;
  #nomination = 0;
  #contactAt = 0;

  /** 0 until somebody was heard. */
  peer: Session = 0n;
  peerCapabilities = 0;
  level = 0;
  heardLevel = 0;
  /** The shortest that was measured. */
  roundTripMs: number | undefined;
  /** Port from which our packets arrive, as the peer last said. */
  observedPort = 0;

  constructor(session: Session, capabilities: number, ports: PortPair) {
    this.#session = session;
    this.#ports = ports;
    this.#capabilities = capabilities;
  }

  /** The way that both take; decided as soon as the level is 2. */
  get chosen(): Way | undefined {
    return this.#chosen;
  }

  /** Both know that both are connected. */
  get isSettled(): boolean {
    return this.level === 3 && this.heardLevel === 3;
  }

  /** Milliseconds since the last packet of the peer, Infinity without one. */
  silence(now: number): number {
    return Math.min(...this.#ways.map((way) => now - way.heardAt), Number.POSITIVE_INFINITY);
  }

  /** @param from where the packet came from: who is not `expected` must show our session, or at the peer's `address` our ports */
  hear(packet: HandshakePacket, way: Way, from: Origin, now: number): Hearing {
    const isForUs = packet.heardSession === this.#session;
    if (packet.session === this.#session || this.#retired.includes(packet.session)) return "ignored";
    const isCredible = from === "expected" || (from === "address" && this.#isMirrored(packet));
    if (!isForUs && !isCredible) return "ignored";
    if (packet.session !== this.peer) {
      if (this.level === 3) return "restarted";
      // An old packet of an earlier run cannot show our session: who does is the newer one.
      if (!isForUs && this.#isPeerProven) return "restarted";
      this.#adopt(packet.session, now);
    }
    const heard = this.#wayOf(way);
    heard.hisPath = packet.path;
    heard.hisStamp = packet.stamp;
    heard.heardAt = now;
    this.peerCapabilities = packet.capabilities;
    // Named at once, the way is agreed on half a round trip earlier.
    if (this.#session > this.peer && this.#chosen === undefined) this.#nominate(heard);
    if (!isForUs) return "heard";
    this.#isPeerProven = true;
    if (packet.heardPath === heard.path) this.#prove(heard, packet, now);
    this.#advance(heard, packet);
    return "heard";
  }

  /** A datagram that is no handshake: only an end at level 3 sends those. */
  hearData(way: Way): boolean {
    if (this.level < 2 || this.#chosen === undefined || !isSame(this.#chosen, way)) return false;
    this.level = 3;
    this.heardLevel = 3;
    return true;
  }

  /** The answer to a packet that was just heard on this way, if it would tell the peer anything. */
  answer(packet: HandshakePacket, way: Way, now: number): Uint8Array | undefined {
    const heard = this.#find(way);
    if (heard === undefined) return undefined;
    const isUpToDate =
      packet.heardSession === this.#session &&
      packet.heardPath === heard.path &&
      (heard !== this.#chosen || packet.heardLevel === this.level);
    if (isUpToDate && heard.said === this.#saying(heard)) return undefined;
    if (heard.said === this.#saying(heard) && now - heard.sentAt < LEAST_PAUSE_MS) return undefined;
    return this.packetOn(heard, now);
  }

  /** Packets whose time has come, with their ways. */
  due(now: number): { way: Way; bytes: Uint8Array }[] {
    return this.#waiting(now)
      .filter((way) => now >= way.sentAt + this.#pause(now))
      .map((way) => ({ way, bytes: this.packetOn(way, now) }));
  }

  /** When {@link due} has something next; Infinity for never. */
  dueAt(now: number): number {
    return Math.min(...this.#waiting(now).map((way) => way.sentAt + this.#pause(now)), Number.POSITIVE_INFINITY);
  }

  /** A packet on any way: also a first one, to somebody who was never heard. */
  packetOn(way: Way, now: number): Uint8Array {
    const heard = this.#find(way);
    const isChosen = heard !== undefined && heard === this.#chosen;
    if (heard !== undefined) {
      heard.sentAt = now;
      heard.said = this.#saying(heard);
    }
    return writeHandshake({
      capabilities: this.#capabilities,
      session: this.#session,
      heardSession: this.peer,
      level: isChosen ? this.level : Math.min(this.level, 1),
      heardLevel: isChosen ? this.heardLevel : 0,
      nomination: isChosen ? this.#nomination : 0,
      path: pathOf(way),
      heardPath: heard?.hisPath ?? 0,
      observedPort: heard?.to.port ?? 0,
      stamp: Math.floor(now) & 0xffff,
      heardStamp: heard === undefined ? 0 : Math.floor(heard.hisStamp + now - heard.heardAt) & 0xffff,
      ...this.#ports,
    });
  }

  /** To a run of the peer that is not the one we go on with, so that it can show our session and take over. */
  packetTo(stranger: HandshakePacket, way: Way, now: number): Uint8Array {
    return writeHandshake({
      capabilities: this.#capabilities,
      session: this.#session,
      heardSession: stranger.session,
      level: 1,
      heardLevel: 0,
      nomination: 0,
      path: pathOf(way),
      heardPath: stranger.path,
      observedPort: way.to.port,
      stamp: Math.floor(now) & 0xffff,
      heardStamp: stranger.stamp,
      ...this.#ports,
    });
  }

  // The same two hosts may open several holes at a time, and ports that are tried out may be another one's. One port is
  // enough: the other may be one that a gateway forwards under another number.
  #isMirrored({ localPort, peerPort }: PortPair): boolean {
    return localPort === this.#ports.peerPort || peerPort === this.#ports.localPort;
  }

  #adopt(session: Session, now: number): void {
    if (this.#isPeerProven) {
      this.#retired.push(this.peer);
      if (this.#retired.length > MOST_RETIRED) this.#retired.shift();
    }
    this.peer = session;
    this.#isPeerProven = false;
    this.#ways.length = 0;
    this.#chosen = undefined;
    this.#nomination = 0;
    this.level = 1;
    this.heardLevel = 0;
    this.#contactAt = now;
  }

  #prove(heard: HeardWay, packet: HandshakePacket, now: number): void {
    heard.isProven = true;
    this.observedPort = packet.observedPort;
    const took = (Math.floor(now) - packet.heardStamp) & 0xffff;
    if (took < 32_768) this.roundTripMs = Math.min(took, this.roundTripMs ?? took);
  }

  #advance(heard: HeardWay, packet: HandshakePacket): void {
    if (this.level === 3) {
      if (heard === this.#chosen && packet.nomination === this.#nomination) this.#note(packet.level);
      return;
    }
    if (this.#session > this.peer) {
      if (this.#chosen?.isProven !== true && heard.isProven && heard !== this.#chosen) this.#nominate(heard);
    } else if (packet.nomination !== 0 && isNewer(packet.nomination, this.#nomination)) {
      this.#chosen = heard;
      this.#nomination = packet.nomination;
      this.heardLevel = 0;
    }
    if (this.#chosen?.isProven) this.level = 2;
    else this.level = 1;
    if (heard !== this.#chosen || packet.nomination !== this.#nomination) return;
    this.#note(packet.level);
    if (this.level === 2 && packet.level >= 2) this.level = 3;
  }

  #nominate(way: HeardWay): void {
    this.#chosen = way;
    this.#nomination = (this.#nomination % 255) + 1;
  }

  #note(level: number): void {
    this.heardLevel = Math.max(this.heardLevel, level);
  }

  #waiting(now: number): HeardWay[] {
    if (this.isSettled || this.peer === 0n) return [];
    if (this.#chosen !== undefined && this.level >= 2) return [this.#chosen];
    return this.#ways.filter((way) => now - way.heardAt < WAY_LIFE_MS);
  }

  #pause(now: number): number {
    return now - this.#contactAt < QUICK_FOR_MS ? QUICK_MS : SLOW_MS;
  }

  #saying(heard: HeardWay): string {
    const isChosen = heard === this.#chosen;
    const levels = isChosen ? [this.level, this.heardLevel, this.#nomination] : [];
    return [this.peer, heard.hisPath, ...levels].join(" ");
  }

  #find(way: Way): HeardWay | undefined {
    return this.#ways.find((known) => isSame(known, way));
  }

  #wayOf(way: Way): HeardWay {
    const known = this.#find(way);
    if (known !== undefined) return known;
    if (this.#ways.length >= MOST_WAYS) {
      const oldest = this.#ways.findIndex((one) => one !== this.#chosen);
      this.#ways.splice(oldest, 1);
    }
    const made: HeardWay = {
      ...{ socket: way.socket, to: way.to, path: pathOf(way), hisPath: 0, hisStamp: 0, heardAt: 0 },
      ...{ isProven: false, sentAt: Number.NEGATIVE_INFINITY, said: "" },
    };
    this.#ways.push(made);
    return made;
  }
}

/** Our number of a way; the peer sends it back in what he answers there. */
function pathOf(way: Way): number {
  return way.socket * 0x10000 + way.to.port;
}

function isSame(a: Way, b: Way): boolean {
  return a.socket === b.socket && sameEndpoint(a.to, b.to);
}

/** In the arithmetic of numbers that go round after 255. */
function isNewer(number: number, than: number): boolean {
  return than === 0 || (number !== than && (number - than + 255) % 255 < 128);
}
