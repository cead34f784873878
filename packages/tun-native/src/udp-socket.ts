import type { NativeBinding } from "./binding.ts";
import { callWords, RESULT } from "./call-words.ts";
import type { DatagramSocket, PacketBatch } from "./contracts.ts";
import { Descriptor } from "./descriptor.ts";
import { writeEndpoint } from "./endpoint.ts";
import { argumentError, TunNativeError } from "./errors.ts";
import { formatAddress, type IpAddress, parseAddress } from "./ip-address.ts";
import { loadBinding } from "./load-binding.ts";
import {
  grantSocketOffloads,
  type SocketOffload,
  type SocketOffloadCounters,
  type SocketOffloadOptions,
} from "./offload.ts";
import { ENDPOINT_WORDS } from "./packet-batch.ts";
import { Pinned, PinnedBatch } from "./pinned-memory.ts";
import { OrderKind, ReadOrder } from "./read-order.ts";
import { receiveErrorReport, type SocketErrorReport } from "./socket-error-report.ts";
import { check, systemError } from "./system-error.ts";

const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024;
const EAGAIN = 11;
const EFAULT = 14;

// Words of the state that the addon keeps for a socket.
const LAST_ERRNO = 0;
const SEGMENTING = 1;
const REFUSED_SENDS = 2;

export interface UdpSocketOptions {
  readonly family: 4 | 6;
  /** Local address, IPv6 with an interface behind `%` if need be; absent: all addresses of the family. */
  readonly address?: string;
  /** Local port; 0 or absent: the kernel's choice. */
  readonly port?: number;
  /** Number for the socket word of `endpoints`. */
  readonly id: number;
  /** Bytes that the kernel may queue, default 4 MiB; less when the process may not exceed the system's limit. */
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
  /** Interface to bind to (SO_BINDTODEVICE). */
  readonly device?: string;
  /** Other sockets of this kind may have the port too (SO_REUSEADDR): the kernel prefers the one that is connected. */
  readonly reuseAddress?: boolean;
  /** Keep what ICMP says about packets of this socket for {@link UdpSocket.receiveError}. */
  readonly errorReports?: boolean;
  /** What the kernel may send and deliver in one piece; each falls back to single datagrams. */
  readonly offload?: SocketOffloadOptions;
}

/** A socket on its way to another thread: the receiver must attach it, or the descriptor stays open. */
export interface DetachedUdpSocket {
  readonly fd: number;
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
  readonly id: number;
  readonly offloads: readonly SocketOffload[];
}

/**
 * A UDP socket that moves many datagrams per system call.
 *
 * Path MTU: the kernel's default stays (IP_PMTUDISC_WANT), which fragments what is longer than the known path MTU
 * instead of refusing it; `tooBig` therefore means longer than IP can carry at all.
 */
export class UdpSocket implements DatagramSocket {
  readonly family: 4 | 6;
  readonly port: number;
  readonly address: string;
  readonly id: number;
  readonly #sendErrors: Pinned<Float64Array> = new Pinned(new Float64Array(4));
  readonly #descriptor: Descriptor;
  readonly #native: NativeBinding = loadBinding();
  // not looked up for each batch, see `loadBinding`
  readonly #receiveDatagrams: NativeBinding["receiveDatagrams"] = this.#native.receiveDatagrams;
  readonly #sendDatagrams: NativeBinding["sendDatagrams"] = this.#native.sendDatagrams;
  /** Last errno, whether runs leave as one message, and paths that are too narrow for it. */
  readonly #state: Pinned<Int32Array> = new Pinned(new Int32Array(this.#native.constants.SOCKET_STATE_WORDS));
  readonly #counters: Pinned<Float64Array> = new Pinned(new Float64Array(6));
  readonly #isJoining: 0 | 1;
  readonly #call: Int32Array = callWords();
  #order: ReadOrder | undefined;

  private constructor(descriptor: Descriptor, parts: Omit<DetachedUdpSocket, "fd">) {
    this.#descriptor = descriptor;
    this.family = parts.family;
    this.port = parts.port;
    this.address = parts.address;
    this.id = parts.id;
    this.#isJoining = parts.offloads.includes("coalescing") ? 1 : 0;
    this.#state.array[SEGMENTING] = parts.offloads.includes("segmentation") ? 1 : 0;
  }

  /**
   * Opens and binds a socket; a socket of family 6 never takes IPv4.
   * @throws TunNativeError with the kernel's errno: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES` (port below 1024),
   *   `ENODEV`, `ERR_ARGUMENT`, …
   */
  static open(options: UdpSocketOptions): UdpSocket {
    const { family, port = 0, id, device } = options;
    const address = localAddress(options);
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw argumentError("port", port, "a number from 0 to 65535");
    const native = loadBinding();
    const text = formatAddress(address.bytes);
    const label = endpointText(family, text, port);
    const descriptor = new Descriptor(check(native.createSocket(family), "socket", label), label);
    try {
      configure(native, descriptor, options);
      if (device !== undefined) {
        check(native.bindToDevice(descriptor.fd, device), "setsockopt(SO_BINDTODEVICE)", `${label} on ${device}`);
      }
      const endpoint = new Int32Array(ENDPOINT_WORDS);
      writeEndpoint(endpoint, 0, address, port, scopeOf(native, address));
      check(native.bindSocket(descriptor.fd, endpoint), "bind", label);
      const bound = check(native.socketPort(descriptor.fd), "getsockname", label);
      descriptor.label = endpointText(family, text, bound);
      const offloads = grantSocketOffloads(native, descriptor.fd, options.offload ?? {});
      return new UdpSocket(descriptor, { family, address: text, port: bound, id, offloads });
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /** Takes over a socket that another thread detached. */
  static attach(detached: DetachedUdpSocket): UdpSocket {
    const label = endpointText(detached.family, detached.address, detached.port);
    return new UdpSocket(Descriptor.adopt(detached.fd, label), detached);
  }

  /** Gives the socket away; this object is closed afterwards, the port stays bound. */
  detach(): DetachedUdpSocket {
    const { family, address, port, id, offloads } = this;
    const fd = this.#descriptor.release();
    this.close();
    return { fd, family, address, port, id, offloads };
  }

  /** What was granted at open, without what the network below turned out not to take. */
  get offloads(): readonly SocketOffload[] {
    const all: readonly SocketOffload[] = ["segmentation", "coalescing"];
    return all.filter((name) => (name === "coalescing" ? this.#isJoining : this.#state.array[SEGMENTING]) === 1);
  }

  /** Segmented messages that the kernel refused; their datagrams went one by one. */
  get refusedSends(): number {
    return this.#counters.array[REFUSED_SENDS] ?? 0;
  }

  get offloadCounters(): SocketOffloadCounters {
    const [segmentedSends = 0, segmentedDatagrams = 0, refusedSends = 0, ...received] = this.#counters.array;
    const [coalescedReceives = 0, coalescedDatagrams = 0, lostDatagrams = 0] = received;
    return { segmentedSends, segmentedDatagrams, refusedSends, coalescedReceives, coalescedDatagrams, lostDatagrams };
  }

  /** For a poller. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** For messages: `127.0.0.1:4444`, `[::1]:4444`. */
  get label(): string {
    return this.#descriptor.label;
  }

  /** Bytes of datagrams that the kernel queues, as it counts them (twice the option, headers included). */
  get receiveBufferBytes(): number {
    const { SOL_SOCKET, SO_RCVBUF } = this.#native.constants;
    return check(this.#native.getSocketOption(this.fd, SOL_SOCKET, SO_RCVBUF), "getsockopt(SO_RCVBUF)", this.label);
  }

  get sendErrors(): Float64Array {
    return this.#sendErrors.array;
  }

  get lastSendErrno(): number {
    return this.#state.array[LAST_ERRNO] ?? 0;
  }

  /** For a poller that is to receive into this batch, see {@link ReadOrder}; until that poller is closed. */
  orderFor(batch: PacketBatch): ReadOrder {
    if (this.#order?.isLive === true) throw argumentError("source", this.label, "one that no other poller reads");
    const parts = { kind: OrderKind.datagrams, fd: this.fd, number: this.id, isJoining: this.#isJoining };
    const order = ReadOrder.create({ ...parts, counters: this.#counters }, batch);
    this.#order = order;
    return order;
  }

  receive(batch: PacketBatch): number {
    const ahead = this.#order?.take(batch) ?? 0;
    if (ahead !== 0) return ahead < 0 ? this.#fail(ahead, "recvmmsg") : ahead - 1;
    const { bytes, descriptors, endpoints } = PinnedBatch.memoryOf(batch);
    const count = this.#receiveDatagrams(
      this.#descriptor.fd,
      this.id,
      bytes,
      descriptors,
      endpoints,
      this.#isJoining,
      this.#counters.memory,
    );
    return count < 0 ? this.#fail(count, "recvmmsg") : count;
  }

  send(batch: PacketBatch, first: number, count: number): number {
    const { bytes, descriptors, endpoints } = PinnedBatch.memoryOf(batch);
    const call = this.#call;
    call[1] = this.#descriptor.fd;
    call[2] = this.family;
    call[3] = bytes;
    call[4] = descriptors;
    call[5] = endpoints;
    call[6] = first;
    call[7] = count;
    call[8] = this.#sendErrors.memory;
    call[9] = this.#state.memory;
    call[10] = this.#counters.memory;
    this.#sendDatagrams();
    const sent = call[RESULT] ?? 0;
    return sent < 0 ? this.#fail(sent, "sendmmsg") : sent;
  }

  /**
   * From now on only this peer's datagrams arrive, and a port that nobody listens on is noticed. What is queued stays.
   * @param address as `open` takes it
   * @throws TunNativeError `ENETUNREACH`, `EADDRNOTAVAIL`, …
   */
  connect(address: string, port: number): void {
    const parsed = parseAddress(address);
    const endpoint = new Int32Array(ENDPOINT_WORDS);
    writeEndpoint(endpoint, 0, parsed, port, scopeOf(this.#native, parsed));
    const label = endpointText(this.family, formatAddress(parsed.bytes), port);
    check(this.#native.connectSocket(this.fd, endpoint), "connect", `${this.label} to ${label}`);
  }

  /** Hops that datagrams may take, 1 to 255; undefined for the system's default. @throws TunNativeError */
  setTtl(hops: number | undefined): void {
    const { IPPROTO_IP, IP_TTL, IPPROTO_IPV6, IPV6_UNICAST_HOPS } = this.#native.constants;
    const [level, name] = this.family === 4 ? [IPPROTO_IP, IP_TTL] : [IPPROTO_IPV6, IPV6_UNICAST_HOPS];
    const result = this.#native.setSocketOption(this.fd, level, name, hops ?? -1);
    check(result, "setsockopt(IP_TTL)", this.label);
  }

  /** Switches {@link UdpSocketOptions.errorReports}; off also forgets an error that is pending. @throws TunNativeError */
  setErrorReports(isOn: boolean): void {
    setErrorReports(this.#native, this.#descriptor, this.family, isOn);
    const { SOL_SOCKET, SO_ERROR } = this.#native.constants;
    if (!isOn) check(this.#native.getSocketOption(this.fd, SOL_SOCKET, SO_ERROR), "getsockopt(SO_ERROR)", this.label);
  }

  /** The oldest report, undefined when there is none. @throws TunNativeError */
  receiveError(): SocketErrorReport | undefined {
    return receiveErrorReport(this.#native, this.fd, this.label);
  }

  /**
   * Copies the beginning of the next datagram into `bytes` and leaves it in the queue. Returns the datagram's whole
   * length, undefined when there is none. @throws TunNativeError
   */
  peek(bytes: Uint8Array): number | undefined {
    const result = this.#native.peekDatagram(this.fd, bytes);
    return result === -EAGAIN ? undefined : check(result, "recv", this.label);
  }

  close(): void {
    this.#descriptor.close();
    this.#order?.release();
    this.#sendErrors.release();
    this.#state.release();
    this.#counters.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #fail(result: number, syscall: string): never {
    if (result !== -EFAULT) throw systemError(result, syscall, this.label);
    const small = this.#isJoining === 1 ? "a batch smaller than joinedBatchSize()" : "less than 64 bytes per row";
    throw new TunNativeError({
      code: "ERR_BATCH",
      object: this.label,
      message: `${syscall} ${this.label}: rows outside the arena, or ${small}`,
    });
  }
}

function localAddress(options: UdpSocketOptions): IpAddress {
  const address = parseAddress(options.address ?? (options.family === 4 ? "0.0.0.0" : "::"));
  if (address.family !== options.family) {
    throw argumentError("address", JSON.stringify(options.address), `an IPv${options.family} address`);
  }
  return address;
}

function scopeOf(native: NativeBinding, address: IpAddress): number {
  if (address.zone === "") return 0;
  if (/^\d{1,9}$/.test(address.zone)) return Number(address.zone);
  return check(native.interfaceIndex(address.zone), "if_nametoindex", address.zone);
}

function configure(native: NativeBinding, descriptor: Descriptor, options: UdpSocketOptions): void {
  const { constants } = native;
  const { fd, label } = descriptor;
  if (options.family === 6) {
    const result = native.setSocketOption(fd, constants.IPPROTO_IPV6, constants.IPV6_V6ONLY, 1);
    check(result, "setsockopt(IPV6_V6ONLY)", label);
  }
  if (options.reuseAddress === true) {
    const result = native.setSocketOption(fd, constants.SOL_SOCKET, constants.SO_REUSEADDR, 1);
    check(result, "setsockopt(SO_REUSEADDR)", label);
  }
  if (options.errorReports === true) setErrorReports(native, descriptor, options.family, true);
  const receive = options.receiveBuffer ?? DEFAULT_BUFFER_BYTES;
  const send = options.sendBuffer ?? DEFAULT_BUFFER_BYTES;
  setBuffer(native, descriptor, constants.SO_RCVBUFFORCE, constants.SO_RCVBUF, receive);
  setBuffer(native, descriptor, constants.SO_SNDBUFFORCE, constants.SO_SNDBUF, send);
}

function setErrorReports(native: NativeBinding, descriptor: Descriptor, family: 4 | 6, isOn: boolean): void {
  const { IPPROTO_IP, IP_RECVERR, IPPROTO_IPV6, IPV6_RECVERR } = native.constants;
  const [level, name] = family === 4 ? [IPPROTO_IP, IP_RECVERR] : [IPPROTO_IPV6, IPV6_RECVERR];
  check(native.setSocketOption(descriptor.fd, level, name, isOn ? 1 : 0), "setsockopt(IP_RECVERR)", descriptor.label);
}

// The forced form needs CAP_NET_ADMIN; the plain one is silently limited by net.core.{r,w}mem_max.
function setBuffer(native: NativeBinding, descriptor: Descriptor, forced: number, plain: number, bytes: number): void {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > 0x3fffffff) {
    throw argumentError("buffer size", bytes, "a number of bytes from 1 to 1073741823");
  }
  const level = native.constants.SOL_SOCKET;
  if (native.setSocketOption(descriptor.fd, level, forced, bytes) >= 0) return;
  check(
    native.setSocketOption(descriptor.fd, level, plain, bytes),
    "setsockopt(SO_RCVBUF/SO_SNDBUF)",
    descriptor.label,
  );
}

function endpointText(family: 4 | 6, address: string, port: number): string {
  return family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}
