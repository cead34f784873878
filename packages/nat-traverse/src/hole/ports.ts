/**
 * The numbered sockets of a puncher. A main socket is two of the system: one that is connected to the peer's endpoint, so
 * that another program of ours may use the same port for another peer, and one that hears the peer from other ports.
 */
import { TunNativeError } from "tun-native";
import type { Endpoint, SendOutcome } from "../hole-types.ts";
import { type Connection, sameEndpoint } from "../punch/types.ts";
import { Port, type PortListener } from "./port.ts";

/** What happens on any of them, by number. */
export interface PortsListener {
  datagram(socket: number, from: Endpoint, bytes: Buffer): void;
  bounced(socket: number, ...rest: Parameters<PortListener["bounced"]>): void;
  failed(error: Error): void;
  leaves?(from: Endpoint, head: Uint8Array): boolean;
}

interface Main {
  readonly peer: Endpoint;
  readonly connected: Port;
  readonly any: Port;
}

export class Ports {
  readonly #listener: PortsListener;
  readonly #mains: Main[] = [];
  readonly #further = new Map<number, Port>();

  constructor(listener: PortsListener) {
    this.#listener = listener;
  }

  /** Opens the next main socket. @throws TunNativeError */
  openMain(localPort: number, peer: Endpoint): void {
    const family = peer.address.includes(":") ? 6 : 4;
    const socket = this.#mains.length;
    const options = { family, reuseAddress: true } as const;
    const listener = this.#listenerOf(socket);
    // The connected one first: without a way to the peer nothing else matters.
    const connected = Port.open({ ...options, port: localPort }, listener, peer);
    this.#leave(connected, peer);
    try {
      const any = Port.open({ ...options, port: connected.number }, listener);
      this.#mains.push({ peer, connected, any });
    } catch (error) {
      connected.close();
      throw error;
    }
  }

  get local(): Endpoint | undefined {
    return this.#mains[0]?.connected.local;
  }

  /** Opens a further socket; one that cannot be had is not there. */
  open(socket: number, like: number, port: number): void {
    const family = this.#mains[like]?.connected.family ?? 4;
    try {
      this.#further.set(socket, Port.open({ family, port }, this.#listenerOf(socket)));
    } catch (error) {
      if (!(error instanceof TunNativeError)) throw error;
    }
  }

  /** Undefined when the socket is not there. */
  send(socket: number, to: Endpoint, bytes: Uint8Array, ttl: number | undefined): SendOutcome | undefined {
    return this.#portFor(socket, to)?.send(to, bytes, ttl);
  }

  /** Keeps the socket of a connection, connected to its endpoint, and closes all others. @throws TunNativeError */
  choose({ socket, to }: Connection): Port {
    const chosen = this.#takeOut(socket, to);
    this.#leave(chosen, to);
    this.close();
    return chosen;
  }

  /** Idempotent. */
  close(): void {
    for (const { connected, any } of this.#mains.splice(0)) {
      connected.close();
      any.close();
    }
    for (const port of this.#further.values()) port.close();
    this.#further.clear();
  }

  #leave(port: Port, peer: Endpoint): void {
    const { leaves } = this.#listener;
    if (leaves !== undefined) port.leaves = (head) => leaves(peer, head);
  }

  #takeOut(socket: number, to: Endpoint): Port {
    const further = this.#further.get(socket);
    if (further !== undefined) {
      this.#further.delete(socket);
      further.connect(to);
      return further;
    }
    const main = this.#mains[socket];
    if (main === undefined) throw new Error(`no socket ${socket}`);
    this.#mains.splice(socket, 1);
    if (sameEndpoint(main.peer, to)) {
      main.any.close();
      return main.connected;
    }
    main.connected.close();
    main.any.connect(to);
    return main.any;
  }

  #portFor(socket: number, to: Endpoint): Port | undefined {
    const main = this.#mains[socket];
    if (main === undefined) return this.#further.get(socket);
    return sameEndpoint(main.peer, to) ? main.connected : main.any;
  }

  #listenerOf(socket: number): PortListener {
    return {
      datagram: (from, bytes) => this.#listener.datagram(socket, from, bytes),
      bounced: (...report) => this.#listener.bounced(socket, ...report),
      failed: (error) => this.#listener.failed(error),
    };
  }
}
