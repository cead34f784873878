/** What a datagram on an open hole is: data for the listener, something between the two programs, or a leftover. */
import { Capability, CLASSIC_BYTES, type ControlPacket, PacketKind, readPacket, type Session } from "../wire.ts";

export type Sorted =
  | { readonly is: "data"; readonly bytes: Uint8Array }
  | { readonly is: "control"; readonly packet: ControlPacket }
  /** For the puncher. */
  | { readonly is: "handshake" }
  | { readonly is: "leftover" };

const DATA_ONLY = 0;

export class Filter {
  readonly #session: Session;
  readonly #peerSession: Session;
  readonly #isOriginal: boolean;
  readonly #relays: boolean;
  #hasSeenData = false;

  /** @param peerCapabilities 0 for an original */
  constructor(session: Session, peerSession: Session, peerCapabilities: number) {
    this.#session = session;
    this.#peerSession = peerSession;
    this.#isOriginal = peerCapabilities === DATA_ONLY;
    this.#relays = (peerCapabilities & Capability.relay) !== 0;
  }

  sort(bytes: Uint8Array): Sorted {
    const packet = readPacket(bytes);
    const data: Sorted = { is: "data", bytes };
    switch (packet.is) {
      case "data":
        this.#hasSeenData = true;
        return data;
      case "ack":
      case "garbage":
        // An original, and a command, may have such data; before their first datagram it is far more likely a leftover.
        if (this.#relays) return bytes.length > CLASSIC_BYTES && packet.is === "ack" ? data : { is: "leftover" };
        return bytes.length > CLASSIC_BYTES || this.#hasSeenData ? data : { is: "leftover" };
      case "handshake": {
        const { session, heardSession } = packet.packet;
        if (session === this.#peerSession && heardSession === this.#session) return { is: "handshake" };
        // Of another run: a new end that took us for an original, or was started again.
        return this.#relays || !this.#hasSeenData ? { is: "handshake" } : data;
      }
      case "control": {
        const { session, heardSession, kind } = packet.packet;
        if (this.#isOriginal) return data;
        if (session !== this.#peerSession || heardSession !== this.#session) return { is: "leftover" };
        if (kind !== PacketKind.data) return { is: "control", packet: packet.packet };
        this.#hasSeenData = true;
        return { is: "data", bytes: packet.packet.body };
      }
    }
  }
}
