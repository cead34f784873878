/** Sockets and timers around a {@link Puncher}. */
import { randomBytes } from "node:crypto";
import { TunNativeError } from "tun-native";
import { HoleTimeout, NatTraverseError } from "../errors.ts";
import type { Endpoint, Hole, HoleOptions } from "../hole-types.ts";
import { Puncher } from "../punch/puncher.ts";
import { type Connection, MAIN_SOCKETS, type PunchAction, type PunchInput } from "../punch/types.ts";
import { Capability, readPacket, type Session } from "../wire.ts";
import { ConnectedHole } from "./connected-hole.ts";
import { canonicalAddress } from "./port.ts";
import { Ports } from "./ports.ts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Opens a hole to the peer.
 * @throws NatTraverseError `usage` for values that cannot be right, `socket` with a TunNativeError as its cause, `aborted`,
 *   or a {@link HoleTimeout}; nothing is left open then
 */
export function openHole(options: HoleOptions): Promise<Hole> {
  return new Promise((resolve, reject) => new Opening(options, resolve, reject).start());
}

class Opening {
  readonly #options: HoleOptions;
  readonly #resolve: (hole: Hole) => void;
  readonly #reject: (error: Error) => void;
  readonly #session: Session = newSession();
  readonly #capabilities: number;
  readonly #ports: Ports;
  readonly #abort = (): void => this.#fail(new NatTraverseError("aborted", "the attempt was ended"));
  #puncher: Puncher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hole: ConnectedHole | undefined;
  #isOver = false;
  #queue: PunchInput[] | undefined;

  constructor(options: HoleOptions, resolve: (hole: Hole) => void, reject: (error: Error) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#capabilities = Capability[options.purpose];
    const leaves = (from: Endpoint, head: Uint8Array): boolean => this.#leaves(from, head);
    this.#ports = new Ports({
      datagram: (socket, from, bytes) => this.#datagram(socket, from, bytes),
      bounced: (socket, to, bytes, why, by) => {
        if (this.#hole === undefined) this.#handle({ is: "bounced", socket, to, bytes, why, by });
        else this.#hole.bounced(why);
      },
      failed: (error) => {
        if (this.#hole === undefined) this.#fail(broken(error));
        else this.#hole.failed(error);
      },
      // A command reads from the socket itself: what is for it must stay there.
      ...(options.purpose === "command" ? { leaves } : {}),
    });
  }

  start(): void {
    const { signal } = this.#options;
    try {
      if (signal?.aborted === true) throw new NatTraverseError("aborted", "the attempt was ended");
      const peers = this.#openMains(peersOf(this.#options));
      const local = this.#ports.local;
      const [peer] = peers;
      if (local === undefined || peer === undefined) throw new NatTraverseError("usage", "the peer has no address");
      signal?.addEventListener("abort", this.#abort);
      this.#options.onEvent?.({ event: "socket", local, peer });
      const { window = 10, timeout = 10, spray = true, shortTtl = true } = this.#options;
      const now = performance.now();
      this.#puncher = new Puncher(
        {
          ...{ peers, localPort: local.port, capabilities: this.#capabilities, session: this.#session },
          windowMs: Math.max(0, window) * 1000,
          timeoutMs: timeout > 0 ? timeout * 1000 : Number.POSITIVE_INFINITY,
          ...{ spray, shortTtl, lowPorts: this.#options.lowPorts ?? process.getuid?.() === 0, random: Math.random },
        },
        now,
      );
      this.#carryOut(this.#puncher.start(now));
      this.#schedule();
    } catch (error) {
      this.#fail(broken(error));
    }
  }

  // The second family is a bonus: a host without it still has the first.
  #openMains(peers: readonly Endpoint[]): Endpoint[] {
    const opened: Endpoint[] = [];
    let failure: unknown;
    for (const peer of peers) {
      try {
        this.#ports.openMain(this.#ports.local?.port ?? this.#options.localPort, peer);
        opened.push(peer);
      } catch (error) {
        failure ??= error;
      }
    }
    if (opened.length === 0 && failure !== undefined) throw failure;
    return opened;
  }

  #datagram(socket: number, from: Endpoint, bytes: Buffer): void {
    if (this.#hole === undefined) this.#handle({ is: "datagram", socket, from, bytes });
    else this.#hole.datagram(from, bytes);
  }

  // Whether a datagram to the connected socket is the first of those that the command will read.
  #leaves(from: Endpoint, head: Uint8Array): boolean {
    if (readPacket(head).is !== "data") return false;
    if (this.#hole === undefined) this.#handle({ is: "datagram", socket: 0, from, bytes: head });
    return this.#hole !== undefined;
  }

  #handle(input: PunchInput): void {
    if (this.#isOver || this.#puncher === undefined) return;
    // An action may lead to another event at once, which waits until the actions before it were carried out.
    if (this.#queue !== undefined) {
      this.#queue.push(input);
      return;
    }
    this.#queue = [input];
    try {
      for (let next = this.#queue.shift(); next !== undefined && !this.#isOver; next = this.#queue.shift()) {
        this.#carryOut(this.#puncher.handle(next, performance.now()));
      }
    } catch (error) {
      this.#fail(broken(error));
    } finally {
      this.#queue = undefined;
    }
    this.#schedule();
  }

  #carryOut(actions: readonly PunchAction[]): void {
    for (const action of actions) {
      if (this.#isOver) return;
      switch (action.do) {
        case "send":
          this.#send(action);
          break;
        case "open":
          this.#ports.open(action.socket, action.like, action.port);
          break;
        case "tell":
          this.#options.onEvent?.(action.event);
          break;
        case "connect":
          this.#connect(action.connection);
          break;
        case "restarted":
          this.#hole?.restarted();
          break;
        case "fail":
          this.#fail(new HoleTimeout(action.diagnosis));
      }
    }
  }

  #send({ socket, to, bytes, ttl }: Extract<PunchAction, { do: "send" }>): void {
    if (this.#hole !== undefined) {
      this.#hole.shake(bytes);
      return;
    }
    const isLost = this.#ports.send(socket, to, bytes, ttl) === "unreachable";
    if (isLost) this.#queue?.push({ is: "bounced", socket, to, bytes, why: "unreachable", by: "" });
  }

  #connect(connection: Connection): void {
    if (this.#puncher === undefined) return;
    const port = this.#ports.choose(connection);
    const hole = new ConnectedHole({
      ...{ puncher: this.#puncher, connection, port, session: this.#session, capabilities: this.#capabilities },
      handle: (input) => this.#handle(input),
      end: () => this.#end(),
    });
    this.#hole = hole;
    const ms = Math.round(performance.now() - this.#puncher.startedAt);
    this.#options.onEvent?.({ event: "connected", local: hole.local, peer: hole.peer, ms });
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#resolve(hole);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const at = this.#isOver ? undefined : this.#puncher?.wakeAt(performance.now());
    if (at === undefined || at === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(Math.max(0, at - performance.now()), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#handle({ is: "wake" }), wait);
    // An open hole keeps the process alive by its socket, for as long as its owner wants.
    if (this.#hole !== undefined) this.#timer.unref();
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.#ports.close();
    this.#hole?.failed(error);
    this.#reject(error);
  }
}

// One of each family, in the order of the addresses.
function peersOf({ peerAddresses, peerPort, localPort }: HoleOptions): Endpoint[] {
  for (const [name, port] of [["localPort", localPort] as const, ["peerPort", peerPort] as const]) {
    const least = name === "localPort" ? 0 : 1;
    if (!Number.isInteger(port) || port < least || port > 65_535)
      throw new NatTraverseError("usage", `${name} ${port}: expected a port from ${least} to 65535`);
  }
  const isSix = (address: string): boolean => address.includes(":");
  const first = peerAddresses[0];
  const second = peerAddresses.find((address) => first !== undefined && isSix(address) !== isSix(first));
  const chosen = [first, second].filter((address) => address !== undefined).slice(0, MAIN_SOCKETS);
  return chosen.map((address) => ({ address: canonicalAddress(address), port: peerPort }));
}

function newSession(): Session {
  for (;;) {
    const session = randomBytes(8).readBigUInt64BE();
    if (session !== 0n) return session;
  }
}

function broken(error: unknown): Error {
  if (error instanceof TunNativeError) return new NatTraverseError("socket", error.message, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
