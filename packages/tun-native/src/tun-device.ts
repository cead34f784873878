import type { NativeBinding } from "./binding.ts";
import { callWords, RESULT } from "./call-words.ts";
import type { DeviceKind, PacketBatch, PacketDevice } from "./contracts.ts";
import { Descriptor } from "./descriptor.ts";
import { argumentError, TunNativeError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { type DeviceOffload, type DeviceOffloadCounters, type DeviceOffloadOptions, grantOffloads } from "./offload.ts";
import { HEADROOM_BYTES, TAILROOM_BYTES } from "./packet-batch.ts";
import { Pinned, PinnedBatch } from "./pinned-memory.ts";
import { OrderKind, ReadOrder } from "./read-order.ts";
import { check, systemError } from "./system-error.ts";

/** Device file of TUN and TAP. */
export const TUN_DEVICE_FILE = "/dev/net/tun";

const DEFAULT_MAX_FRAME_BYTES = 9216;
const EFAULT = 14;
const EINVAL = 22;

// Words of the state that the addon keeps for a device, and bits of its mode.
const STATE_WORDS = 5;
const LAST_ERRNO = 0;
const PENDING = 1;
const MODE = 2;
const GAP = 4;
const IS_TAP = 1;
const JOIN_TCP = 2;
const JOIN_UDP = 4;
const USES_RING = 8;
const COUNTERS = 7;

export interface TunDeviceOptions {
  readonly kind: DeviceKind;
  /** Exact name (`vpn0`), pattern with `%d` for the first free number (`tun%d`), or absent: the kernel's choice. */
  readonly name?: string;
  /**
   * Longest frame that `read` takes whole, in bytes; longer ones are cut and flagged. A burst ends when less room
   * than one such frame is left in the arena. Default 9216.
   */
  readonly maxFrameBytes?: number;
  /** What the kernel may deliver and take in one piece; each falls back to single frames where it is not available. */
  readonly offload?: DeviceOffloadOptions;
}

/** A device on its way to another thread: the receiver must attach it, or the descriptor stays open. */
export interface DetachedTunDevice {
  readonly fd: number;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly maxFrameBytes: number;
  /** Whether each frame has a vnet header before it. */
  readonly hasVnetHeader: boolean;
  readonly offloads: readonly DeviceOffload[];
}

/** A TUN or TAP device of the kernel. The interface vanishes with `close()` unless something else keeps it. */
export class TunDevice implements PacketDevice {
  readonly kind: DeviceKind;
  readonly name: string;
  readonly maxFrameBytes: number;
  #writeErrors = 0;
  readonly #descriptor: Descriptor;
  readonly #native: NativeBinding = loadBinding();
  // not looked up for each batch, see `loadBinding`
  readonly #readQueue: NativeBinding["readQueue"] = this.#native.readQueue;
  readonly #readFrames: NativeBinding["readFrames"] = this.#native.readFrames;
  readonly #writeQueue: NativeBinding["writeQueue"] = this.#native.writeQueue;
  readonly #writeFrames: NativeBinding["writeFrames"] = this.#native.writeFrames;
  /** Super-frame that is being cut, and tables for joining; empty without a vnet header. */
  readonly #hasVnetHeader: boolean;
  readonly #queue: Pinned<Uint8Array>;
  readonly #state: Pinned<Int32Array> = new Pinned(new Int32Array(STATE_WORDS));
  readonly #counters: Pinned<Float64Array> = new Pinned(new Float64Array(COUNTERS));
  readonly #granted: readonly DeviceOffload[];
  readonly #call: Int32Array = callWords();
  #order: ReadOrder | undefined;

  private constructor(descriptor: Descriptor, parts: Omit<DetachedTunDevice, "fd">) {
    const { kind, name, maxFrameBytes, hasVnetHeader, offloads } = parts;
    this.#descriptor = descriptor;
    this.kind = kind;
    this.name = name;
    this.maxFrameBytes = maxFrameBytes;
    this.#granted = offloads;
    this.#hasVnetHeader = hasVnetHeader;
    this.#queue = new Pinned(new Uint8Array(hasVnetHeader ? this.#native.constants.TUN_QUEUE_BYTES : 0));
    const joinTcp = offloads.includes("coalesce-tcp") ? JOIN_TCP : 0;
    const joinUdp = offloads.includes("coalesce-udp") ? JOIN_UDP : 0;
    const wantsRing = hasVnetHeader && offloads.includes("io-uring");
    const ring = wantsRing && this.#native.openRing(this.#queue.memory) >= 0 ? USES_RING : 0;
    this.#state.array[MODE] = (kind === "tap" ? IS_TAP : 0) | joinTcp | joinUdp | ring;
  }

  /**
   * Creates or opens an interface.
   * @throws TunNativeError with the kernel's errno: `ENOENT` (no /dev/net/tun: `modprobe tun`), `EACCES` or `EPERM`
   *   (CAP_NET_ADMIN is missing), `EBUSY` (in use), `EINVAL` (the name belongs to something else), `ERR_ARGUMENT`
   */
  static open(options: TunDeviceOptions): TunDevice {
    const { kind, name = "", maxFrameBytes = DEFAULT_MAX_FRAME_BYTES } = options;
    checkName(name);
    if (!Number.isInteger(maxFrameBytes) || maxFrameBytes < 64 || maxFrameBytes > 65535) {
      throw argumentError("maxFrameBytes", maxFrameBytes, "a number of bytes from 64 to 65535");
    }
    const native = loadBinding();
    const { O_RDWR, O_NONBLOCK, O_CLOEXEC } = native.constants;
    const fd = native.openDescriptor(TUN_DEVICE_FILE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    const descriptor = new Descriptor(check(fd, "open", TUN_DEVICE_FILE), name === "" ? kind : name);
    const { tunSegmentation = true, coalescing = true, ring = true } = options.offload ?? {};
    const { given, hasVnetHeader } = attachInterface(native, fd, kind, name, tunSegmentation || coalescing);
    if (typeof given === "number") {
      descriptor.close();
      throw systemError(given, "ioctl(TUNSETIFF)", descriptor.label);
    }
    descriptor.label = given;
    // An interface that outlives its users may still have what an earlier one asked for.
    native.setOffload(fd, 0);
    const offloads = hasVnetHeader ? grantOffloads(native, fd, { tunSegmentation, coalescing, ring }) : [];
    return new TunDevice(descriptor, { kind, name: given, maxFrameBytes, hasVnetHeader, offloads });
  }

  /**
   * Two devices back to back, without interfaces: what one writes the other reads. For rehearsals of whatever stands on a
   * device.
   */
  static pair(kind: DeviceKind, offloads: readonly DeviceOffload[] = []): readonly [TunDevice, TunDevice] {
    const ends = new Int32Array(2);
    check(loadBinding().createPacketPair(ends), "socketpair", "device pair");
    const end = (fd = -1): TunDevice => {
      const parts = { kind, name: "pair", maxFrameBytes: DEFAULT_MAX_FRAME_BYTES, hasVnetHeader: true, offloads };
      return new TunDevice(new Descriptor(fd, "device pair"), parts);
    };
    return [end(ends[0]), end(ends[1])];
  }

  /** Takes over a device that another thread detached. */
  static attach(detached: DetachedTunDevice): TunDevice {
    return new TunDevice(Descriptor.adopt(detached.fd, detached.name), detached);
  }

  /** Gives the device away; this object is closed afterwards, the interface stays. Pending frames are lost. */
  detach(): DetachedTunDevice {
    const { kind, name, maxFrameBytes, offloads } = this;
    const hasVnetHeader = this.#hasVnetHeader;
    const fd = this.#descriptor.release();
    this.close();
    return { fd, kind, name, maxFrameBytes, hasVnetHeader, offloads };
  }

  /** What was granted at open, without what the kernel turned out not to take. */
  get offloads(): readonly DeviceOffload[] {
    const mode = this.#state.array[MODE] ?? 0;
    return this.#granted.filter(
      (name) =>
        (name !== "coalesce-tcp" || (mode & JOIN_TCP) !== 0) &&
        (name !== "coalesce-udp" || (mode & JOIN_UDP) !== 0) &&
        (name !== "io-uring" || (mode & USES_RING) !== 0),
    );
  }

  get offloadCounters(): DeviceOffloadCounters {
    const [superFrames = 0, segments = 0, joinedWrites = 0, joinedFrames = 0, ...more] = this.#counters.array;
    const [ringCalls = 0, ringFrames = 0, overtakes = 0] = more;
    return { superFrames, segments, joinedWrites, joinedFrames, ringCalls, ringFrames, overtakes };
  }

  get segmentGap(): number {
    return this.#state.array[GAP] ?? 0;
  }
  set segmentGap(bytes: number) {
    this.#state.array[GAP] = bytes;
  }

  get pending(): boolean {
    return this.#state.array[PENDING] !== 0;
  }

  /** For a poller. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** For messages. */
  get label(): string {
    return this.name;
  }

  get writeErrors(): number {
    return this.#writeErrors;
  }

  /** errno of the last frame that the kernel refused, 0 if none. */
  get lastWriteErrno(): number {
    return this.#state.array[LAST_ERRNO] ?? 0;
  }

  /** For a poller that is to read into this batch, see {@link ReadOrder}; until that poller is closed. Undefined where it cannot. */
  orderFor(batch: PacketBatch): ReadOrder | undefined {
    if (!this.#hasVnetHeader) return undefined;
    if (this.#order?.isLive === true) throw argumentError("source", this.name, "one that no other poller reads");
    const parts = { queue: this.#queue, state: this.#state, counters: this.#counters, number: this.maxFrameBytes };
    this.#order = ReadOrder.create({ ...parts, kind: OrderKind.queue, fd: this.fd }, batch);
    return this.#order;
  }

  read(batch: PacketBatch): number {
    const ahead = this.#order?.take(batch) ?? 0;
    if (ahead !== 0) return ahead < 0 ? this.#fail(ahead, "read") : ahead - 1;
    const { bytes, descriptors } = PinnedBatch.memoryOf(batch);
    const { fd } = this.#descriptor;
    const longest = this.maxFrameBytes;
    const count = this.#hasVnetHeader
      ? this.#readQueue(fd, longest, this.#queue.memory, this.#state.memory, this.#counters.memory, bytes, descriptors)
      : this.#readFrames(fd, longest, bytes, descriptors);
    return count < 0 ? this.#fail(count, "read") : count;
  }

  write(batch: PacketBatch, first: number, count: number): number {
    const { bytes, descriptors } = PinnedBatch.memoryOf(batch);
    const { fd } = this.#descriptor;
    const written = this.#hasVnetHeader
      ? this.#writeJoined(fd, bytes, descriptors, first, count)
      : this.#writeFrames(fd, bytes, descriptors, first, count, this.#state.memory);
    if (written < 0) return this.#fail(written, "write");
    this.#writeErrors += count - written;
    return written;
  }

  #writeJoined(fd: number, bytes: number, descriptors: number, first: number, count: number): number {
    const call = this.#call;
    call[1] = fd;
    call[2] = this.#queue.memory;
    call[3] = this.#state.memory;
    call[4] = this.#counters.memory;
    call[5] = bytes;
    call[6] = descriptors;
    call[7] = first;
    call[8] = count;
    this.#writeQueue();
    return call[RESULT] ?? 0;
  }

  /**
   * Reads one frame into a buffer of the caller; a longer frame is cut without notice. Only for devices that were
   * opened with neither `tunSegmentation` nor `coalescing`.
   * @returns its length, 0 when there is none
   */
  readFrame(buffer: Uint8Array): number {
    this.#checkSingle("readFrame");
    return check(this.#native.readFrame(this.#descriptor.fd, buffer), "read", this.name);
  }

  /** Writes one frame; same restriction. @throws TunNativeError `EIO` (interface down), `EINVAL` (not an IP packet), … */
  writeFrame(frame: Uint8Array): void {
    this.#checkSingle("writeFrame");
    check(this.#native.writeFrame(this.#descriptor.fd, frame), "write", this.name);
  }

  close(): void {
    this.#descriptor.close();
    this.#order?.release();
    this.#native.closeQueue(this.#queue.memory);
    this.#queue.release();
    this.#state.release();
    this.#counters.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkSingle(method: string): void {
    if (!this.#hasVnetHeader) return;
    throw argumentError(method, this.name, "a device opened without tunSegmentation and coalescing");
  }

  #fail(result: number, syscall: string): never {
    if (result !== -EFAULT) throw systemError(result, syscall, this.name);
    const room = HEADROOM_BYTES + this.maxFrameBytes + TAILROOM_BYTES;
    throw new TunNativeError({
      code: "ERR_BATCH",
      object: this.name,
      message: `${syscall} ${this.name}: rows outside the arena, or an arena of less than ${room} bytes`,
    });
  }
}

// TUNSETIFF, without the vnet header where the kernel does not know it.
function attachInterface(
  native: NativeBinding,
  fd: number,
  kind: DeviceKind,
  name: string,
  wantsHeader: boolean,
): { given: string | number; hasVnetHeader: boolean } {
  const { IFF_TUN, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR } = native.constants;
  const flags = (kind === "tun" ? IFF_TUN : IFF_TAP) | IFF_NO_PI;
  if (wantsHeader) {
    const given = native.setInterface(fd, name, flags | IFF_VNET_HDR);
    // A size of its own is a refinement of younger kernels; the default is the one in use here.
    if (typeof given === "string") native.setVnetHeader(fd);
    if (given !== -EINVAL) return { given, hasVnetHeader: true };
  }
  return { given: native.setInterface(fd, name, flags), hasVnetHeader: false };
}

// What the kernel would answer with a bare EINVAL.
function checkName(name: string): void {
  const plain = name.replace("%d", "0");
  if (name === "") return;
  if (Buffer.byteLength(name) > 15 || plain === "." || plain === ".." || /[/:%\s]/.test(plain)) {
    throw argumentError("name", JSON.stringify(name), 'an interface name of at most 15 bytes, with at most one "%d"');
  }
}
