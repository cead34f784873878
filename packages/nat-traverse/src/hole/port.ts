/** One UDP socket of a hole that is being opened, or is open: datagrams and ICMP reports in, datagrams out. */
import {
  createPacketBatch,
  DESCRIPTOR_WORDS,
  ENDPOINT_PORT,
  ENDPOINT_SCOPE,
  ENDPOINT_WORDS,
  endpointAddress,
  LENGTH,
  NetworkInterface,
  OFFSET,
  type PacketBatch,
  parseAddress,
  ReadableWatch,
  SendError,
  type SocketErrorReport,
  setSocketFilter,
  UdpSocket,
  type UdpSocketOptions,
  writeEndpoint,
} from "tun-native";
import type { Endpoint, SendOutcome } from "../hole-types.ts";
import type { BounceReason } from "../punch/types.ts";
import { isLeftover, leftoverFilter } from "./leftover-filter.ts";

/** Longer than any datagram, and a multiple of what batches align to. */
const SLOT_BYTES = 65_664;
const SLOTS = 16;
const HEAD_BYTES = 256;

export interface PortListener {
  datagram(from: Endpoint, bytes: Buffer): void;
  bounced(to: Endpoint, payload: Uint8Array, why: BounceReason, by: string): void;
  failed(error: Error): void;
}

export class Port {
  readonly #socket: UdpSocket;
  readonly #watch: ReadableWatch;
  readonly #listener: PortListener;
  readonly #scopes = new Map<string, number>();
  #peer: Endpoint | undefined;
  /**
   * With it the port looks at each datagram before it takes it. True leaves it in the queue, for whoever gets the socket
   * later; the port then stops listening.
   */
  leaves: ((head: Uint8Array) => boolean) | undefined;
  #isPaused = false;
  #isLeft = false;
  #isClosed = false;

  private constructor(socket: UdpSocket, listener: PortListener) {
    this.#socket = socket;
    this.#listener = listener;
    try {
      this.#watch = new ReadableWatch(socket, () => this.#drain());
      this.#watch.arm();
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** @param peer connects the socket to it @throws TunNativeError */
  static open(options: Omit<UdpSocketOptions, "id">, listener: PortListener, peer?: Endpoint): Port {
    const socket = UdpSocket.open({
      errorReports: true,
      receiveBuffer: 262_144,
      sendBuffer: 262_144,
      ...options,
      id: 0,
    });
    try {
      if (peer !== undefined) socket.connect(peer.address, peer.port);
    } catch (error) {
      socket.close();
      throw error;
    }
    const port = new Port(socket, listener);
    port.#peer = peer;
    return port;
  }

  get number(): number {
    return this.#socket.port;
  }

  get family(): 4 | 6 {
    return this.#socket.family;
  }

  /** The local address and port; the address is the wildcard where it was not bound to one. */
  get local(): Endpoint {
    return { address: this.#socket.address, port: this.#socket.port };
  }

  /** @throws TunNativeError */
  connect(peer: Endpoint): void {
    this.#socket.connect(peer.address, peer.port);
    this.#peer = peer;
  }

  send(to: Endpoint, bytes: Uint8Array, ttl?: number): SendOutcome {
    const batch = sendBatch();
    if (this.#isClosed) return "unreachable";
    if (bytes.length > SLOT_BYTES) return "too-big";
    batch.bytes.set(bytes);
    batch.descriptors[OFFSET] = 0;
    batch.descriptors[LENGTH] = bytes.length;
    writeEndpoint(batch.endpoints, 0, parseAddress(to.address), to.port, this.#scopeOf(to.address));
    const before = Float64Array.from(this.#socket.sendErrors);
    if (ttl !== undefined) this.#socket.setTtl(ttl);
    const sent = this.#socket.send(batch, 0, 1);
    if (ttl !== undefined) this.#socket.setTtl(undefined);
    if (sent === 1) return "sent";
    const failed = (kind: number): boolean => (this.#socket.sendErrors[kind] ?? 0) > (before[kind] ?? 0);
    if (failed(SendError.full)) return "full";
    return failed(SendError.tooBig) ? "too-big" : "unreachable";
  }

  /** Leaves nothing any more. */
  takeAll(): void {
    if (this.leaves === undefined) return;
    this.leaves = undefined;
    if (!this.#isClosed) this.#watch.arm();
  }

  /** A datagram was left in the queue for the next owner of the socket. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** What is queued stays in the kernel. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    this.#watch.arm();
  }

  /** The descriptor without anything pending, and closed to handshakes; the caller owns it. */
  detach(): number {
    this.#watch.close();
    this.#isClosed = true;
    this.#shutOutLeftovers();
    while (this.#socket.receiveError() !== undefined);
    this.#socket.setErrorReports(false);
    return this.#socket.detach().fd;
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.close();
    this.#socket.close();
  }

  #drain(): void {
    try {
      this.#drainErrors();
      const isLeft = this.leaves === undefined ? this.#drainAll() : this.#drainOneByOne();
      if (!this.#isClosed && !this.#isPaused && !isLeft) this.#watch.arm();
    } catch (error) {
      if (!this.#isClosed) this.#listener.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  // What the peer's program still says, or says when it is started again, is not for the next owner.
  #shutOutLeftovers(): void {
    setSocketFilter(this.#socket.fd, leftoverFilter());
    const head = new Uint8Array(HEAD_BYTES);
    for (;;) {
      const length = this.#socket.peek(head);
      if (length === undefined || !isLeftover(head.subarray(0, Math.min(length, HEAD_BYTES)))) return;
      received(this.#socket, sendBatch());
    }
  }

  #drainErrors(): void {
    for (let count = 0; count < 64 && !this.#isClosed; count++) {
      const report = this.#socket.receiveError();
      if (report === undefined) return;
      const why = reasonOf(report);
      const to = { address: report.address, port: report.port };
      if (why !== undefined) this.#listener.bounced(this.#peer ?? to, report.payload, why, report.by);
    }
  }

  // Copies first: what a listener does may bring other ports to use the same memory. One burst at a time, so that timers run.
  #drainAll(): false {
    if (this.#isClosed || this.#isPaused) return false;
    for (const { from, bytes } of received(this.#socket, receiveBatch())) this.#listener.datagram(from, bytes);
    return false;
  }

  #drainOneByOne(): boolean {
    const head = new Uint8Array(HEAD_BYTES);
    for (let count = 0; count < SLOTS && !this.#isClosed && !this.#isPaused; count++) {
      const length = this.#socket.peek(head);
      if (length === undefined) return false;
      if (this.leaves?.(head.subarray(0, Math.min(length, HEAD_BYTES))) === true) return true;
      if (this.#isClosed) return true;
      for (const { from, bytes } of received(this.#socket, sendBatch())) this.#listener.datagram(from, bytes);
    }
    return false;
  }

  #scopeOf(address: string): number {
    const { zone } = parseAddress(address);
    if (zone === "") return 0;
    const known = this.#scopes.get(zone);
    if (known !== undefined) return known;
    const index = /^\d+$/.test(zone) ? Number(zone) : new NetworkInterface(zone).index;
    this.#scopes.set(zone, index);
    return index;
  }
}

/** The form in which sources appear: zones as numbers, the shortest text. @throws TunNativeError */
export function canonicalAddress(address: string): string {
  const batch = sendBatch();
  const parsed = parseAddress(address);
  const { zone } = parsed;
  const scope = zone === "" || /^\d+$/.test(zone) ? Number(zone) : new NetworkInterface(zone).index;
  writeEndpoint(batch.endpoints, 0, parsed, 0, scope);
  return addressText(batch, 0);
}

function reasonOf(report: SocketErrorReport): BounceReason | undefined {
  if (report.isExpired) return "expired";
  if (report.errno === "ECONNREFUSED") return "refused";
  return report.errno === "EMSGSIZE" ? undefined : "unreachable";
}

function received(socket: UdpSocket, batch: PacketBatch): { from: Endpoint; bytes: Buffer }[] {
  const count = socket.receive(batch);
  const out: { from: Endpoint; bytes: Buffer }[] = [];
  for (let row = 0; row < count; row++) {
    const offset = batch.descriptors[row * DESCRIPTOR_WORDS + OFFSET] ?? 0;
    const length = batch.descriptors[row * DESCRIPTOR_WORDS + LENGTH] ?? 0;
    const port = batch.endpoints[row * ENDPOINT_WORDS + ENDPOINT_PORT] ?? 0;
    out.push({
      from: { address: addressText(batch, row), port },
      bytes: Buffer.from(batch.bytes.subarray(offset, offset + length)),
    });
  }
  return out;
}

function addressText(batch: PacketBatch, row: number): string {
  const scope = batch.endpoints[row * ENDPOINT_WORDS + ENDPOINT_SCOPE] ?? 0;
  return `${endpointAddress(batch.endpoints, row)}${scope === 0 ? "" : `%${scope}`}`;
}

let batches: { readonly one: PacketBatch; readonly many: PacketBatch } | undefined;

function allBatches(): { readonly one: PacketBatch; readonly many: PacketBatch } {
  batches ??= {
    one: createPacketBatch({ capacity: 1, bytes: SLOT_BYTES }),
    many: createPacketBatch({ capacity: SLOTS, bytes: SLOTS * SLOT_BYTES }),
  };
  return batches;
}

function sendBatch(): PacketBatch {
  return allBatches().one;
}

function receiveBatch(): PacketBatch {
  return allBatches().many;
}
