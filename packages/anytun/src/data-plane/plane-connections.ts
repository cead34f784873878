/** The connections of a data plane: peers of the tunnel with the cipher contexts and sequence numbers that belong to them. */
import {
  type BatchCipher,
  type CipherContext,
  type Peer,
  type PeerKeys,
  type Routing,
  SequenceCounter,
  type SequenceRange,
  sameEndpoint,
  Tunnel,
  type TunnelEvents,
} from "satp-core";
import type { ConnectionCommand, ConnectionSetup, PlaneTunnelSetup, StrangerSetup } from "./messages.ts";
import { isNewerPlace } from "./newest-place.ts";
import { applyRouteRows } from "./route-rows.ts";

/** The protocol side of a data plane, without connections so far. */
export function planeTunnel({ kind, mux, routing, keepAlive }: PlaneTunnelSetup, events: TunnelEvents): Tunnel {
  return new Tunnel({ kind, mux, windowSize: 0, routing, autodetect: undefined, keepAlive, events });
}

export class PlaneConnections {
  readonly #tunnel: Tunnel;
  readonly #cipher: BatchCipher;
  /** Contexts by mux; a detected peer uses that of the strangers. */
  readonly #contexts = new Map<number, number>();
  /** Numbers under the own mux, for whoever is detected. */
  #strangerNumbers = new SequenceCounter();
  #strangerContext: number | undefined;
  #longestTag = 0;
  readonly #kept: (peer: Peer) => void;

  /** @param kept told of peers that stay where they are, because they were heard there later than where they should go */
  constructor(tunnel: Tunnel, cipher: BatchCipher, kept: (peer: Peer) => void = () => undefined) {
    this.#tunnel = tunnel;
    this.#kept = kept;
    this.#cipher = cipher;
  }

  /** Bytes of the longest tag of all connections that there ever were. */
  get longestTag(): number {
    return this.#longestTag;
  }

  /** To be called between two batches. */
  obey(command: ConnectionCommand): void {
    switch (command.type) {
      case "connections":
        for (const setup of command.setups) this.#set(setup);
        break;
      case "remove-connections":
        for (const mux of command.muxes) this.#remove(mux);
        break;
      case "strangers":
        this.#setStrangers(command.strangers);
        break;
      case "routes":
        applyRouteRows(command.rows, this.#tunnel.routes);
        break;
      case "headers":
        this.#setHeaders(
          command.routing,
          command.ownMux,
          new Map(command.numbers.map(({ mux, range }) => [mux, range])),
        );
        break;
      case "sequence":
        // a connection that was removed meanwhile needs none
        this.#tunnel.peer(command.mux)?.sequence.extend(command.range);
        break;
    }
  }

  #set(setup: ConnectionSetup): void {
    const { mux, context, windowSize, sequence, heard } = setup;
    const present = this.#tunnel.peer(mux);
    const endpoint = this.#place(setup, present);
    if (present === undefined) {
      // removed meanwhile: what was to change of it is gone
      if (context === undefined) return;
      const keys = { ...this.#addContext(mux, context), sequence: new SequenceCounter(sequence) };
      this.#tunnel.addPeer({ ...keys, mux, windowSize, endpoint });
    } else {
      const old = context === undefined ? undefined : this.#contexts.get(mux);
      const keys = context === undefined ? undefined : this.#addContext(mux, context);
      this.#tunnel.changePeer(mux, { keys, windowSize, endpoint });
      if (old !== undefined) this.#cipher.removeContext(old);
      if (sequence !== undefined) {
        present.sequence.skip();
        present.sequence.extend(sequence);
      }
    }
    if (heard === undefined) return;
    const peer = this.#tunnel.peer(mux);
    for (const { senderId, newest } of heard) peer?.senders.raise(senderId, newest);
  }

  /** Where a connection is from now on; undefined = where it is. */
  #place({ endpoint, endpointHeardMs }: ConnectionSetup, peer: Peer | undefined): Int32Array | undefined {
    if (endpoint === undefined || endpointHeardMs === undefined || peer === undefined) return endpoint;
    if (!peer.reachable || peer.endpointHeardMs < 0 || sameEndpoint(peer.endpoint, 0, endpoint, 0)) return endpoint;
    if (isNewerPlace(endpoint, endpointHeardMs, peer.endpoint, peer.endpointHeardMs)) return endpoint;
    this.#kept(peer);
    return undefined;
  }

  #setHeaders(routing: Routing, ownMux: number, numbers: ReadonlyMap<number, SequenceRange>): void {
    const tunnel = this.#tunnel;
    const before = Array.from(tunnel.peers, ({ mux }) => this.#headerMux(mux));
    if (ownMux !== tunnel.mux) this.#renewStrangerNumbers();
    tunnel.routing = routing;
    tunnel.mux = ownMux;
    let index = 0;
    for (const peer of tunnel.peers) {
      const range = numbers.get(peer.mux);
      const isOther = this.#headerMux(peer.mux) !== before[index++];
      if (isOther || range !== undefined) peer.sequence = new SequenceCounter(range);
    }
  }

  /** Theirs come with the next command; a peer that was one of them keeps the old ones, as far as its header stays. */
  #renewStrangerNumbers(): void {
    this.#strangerNumbers = new SequenceCounter();
    const { strangers } = this.#tunnel;
    if (strangers !== undefined) this.#tunnel.strangers = { ...strangers, sequence: this.#strangerNumbers };
  }

  /** The mux that stands in the header of what a peer is sent (spec: satp-wire.md 8). */
  #headerMux(mux: number): number {
    return this.#tunnel.routing === "single" ? this.#tunnel.mux : mux;
  }

  #remove(mux: number): void {
    if (!this.#tunnel.removePeer(mux)) return;
    const context = this.#contexts.get(mux);
    if (context === undefined) return;
    this.#contexts.delete(mux);
    this.#cipher.removeContext(context);
  }

  #setStrangers(strangers: StrangerSetup | undefined): void {
    const old = this.#strangerContext;
    if (strangers?.sequence !== undefined) {
      this.#strangerNumbers.skip();
      this.#strangerNumbers.extend(strangers.sequence);
    }
    this.#strangerContext = strangers === undefined ? undefined : this.#addKeys(strangers.context);
    this.#tunnel.strangers =
      strangers === undefined || this.#strangerContext === undefined
        ? undefined
        : {
            context: this.#strangerContext,
            tagBytes: strangers.context.tagBytes,
            windowSize: strangers.windowSize,
            sequence: this.#strangerNumbers,
          };
    if (old !== undefined) this.#release(old);
  }

  /** The strangers' old context goes to the peer that was one of them, else it is wiped. */
  #release(context: number): void {
    for (const peer of this.#tunnel.peers) {
      if (peer.context !== context) continue;
      this.#contexts.set(peer.mux, context);
      return;
    }
    this.#cipher.removeContext(context);
  }

  #addContext(mux: number, context: CipherContext): Omit<PeerKeys, "sequence"> {
    const id = this.#addKeys(context);
    this.#contexts.set(mux, id);
    return { context: id, tagBytes: context.tagBytes };
  }

  #addKeys(context: CipherContext): number {
    this.#longestTag = Math.max(this.#longestTag, context.tagBytes);
    return this.#cipher.addContext(context);
  }
}
