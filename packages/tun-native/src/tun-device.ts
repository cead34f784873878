import type { NativeBinding } from "./binding.ts";
import type { DeviceKind, PacketBatch, PacketDevice } from "./contracts.ts";
import { Descriptor } from "./descriptor.ts";
import { argumentError, TunNativeError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { HEADROOM_BYTES, TAILROOM_BYTES } from "./packet-batch.ts";
import { check, systemError } from "./system-error.ts";

/** Device file of TUN and TAP. */
export const TUN_DEVICE_FILE = "/dev/net/tun";

const DEFAULT_MAX_FRAME_BYTES = 9216;
const EFAULT = 14;

export interface TunDeviceOptions {
  readonly kind: DeviceKind;
  /** Exact name (`vpn0`), pattern with `%d` for the first free number (`tun%d`), or absent: the kernel's choice. */
  readonly name?: string;
  /**
   * Longest frame that `read` takes whole, in bytes; longer ones are cut and flagged. A burst ends when less room
   * than one such frame is left in the arena. Default 9216.
   */
  readonly maxFrameBytes?: number;
}

/** A device on its way to another thread: the receiver must attach it, or the descriptor stays open. */
export interface DetachedTunDevice {
  readonly fd: number;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly maxFrameBytes: number;
}

/** A TUN or TAP device of the kernel. The interface vanishes with `close()` unless something else keeps it. */
export class TunDevice implements PacketDevice {
  readonly kind: DeviceKind;
  readonly name: string;
  readonly maxFrameBytes: number;
  #writeErrors = 0;
  readonly #descriptor: Descriptor;
  readonly #native: NativeBinding = loadBinding();
  readonly #status: Int32Array = new Int32Array(1);

  private constructor(descriptor: Descriptor, kind: DeviceKind, name: string, maxFrameBytes: number) {
    this.#descriptor = descriptor;
    this.kind = kind;
    this.name = name;
    this.maxFrameBytes = maxFrameBytes;
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
    const { O_RDWR, O_NONBLOCK, O_CLOEXEC, IFF_TUN, IFF_TAP, IFF_NO_PI } = native.constants;
    const fd = native.openDescriptor(TUN_DEVICE_FILE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    const descriptor = new Descriptor(check(fd, "open", TUN_DEVICE_FILE), name === "" ? kind : name);
    const given = native.setInterface(fd, name, (kind === "tun" ? IFF_TUN : IFF_TAP) | IFF_NO_PI);
    if (typeof given === "number") {
      descriptor.close();
      throw systemError(given, "ioctl(TUNSETIFF)", descriptor.label);
    }
    descriptor.label = given;
    return new TunDevice(descriptor, kind, given, maxFrameBytes);
  }

  /** Takes over a device that another thread detached. */
  static attach(detached: DetachedTunDevice): TunDevice {
    const { fd, kind, name, maxFrameBytes } = detached;
    return new TunDevice(Descriptor.adopt(fd, name), kind, name, maxFrameBytes);
  }

  /** Gives the device away; this object is closed afterwards, the interface stays. */
  detach(): DetachedTunDevice {
    const { kind, name, maxFrameBytes } = this;
    return { fd: this.#descriptor.release(), kind, name, maxFrameBytes };
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
    return this.#status[0] ?? 0;
  }

  read(batch: PacketBatch): number {
    const count = this.#native.readFrames(this.#descriptor.fd, this.maxFrameBytes, batch.bytes, batch.descriptors);
    return count < 0 ? this.#fail(count, "read") : count;
  }

  write(batch: PacketBatch, first: number, count: number): number {
    const { bytes, descriptors } = batch;
    const written = this.#native.writeFrames(this.#descriptor.fd, bytes, descriptors, first, count, this.#status);
    if (written < 0) return this.#fail(written, "write");
    this.#writeErrors += count - written;
    return written;
  }

  /**
   * Reads one frame into a buffer of the caller; a longer frame is cut without notice.
   * @returns its length, 0 when there is none
   */
  readFrame(buffer: Uint8Array): number {
    return check(this.#native.readFrame(this.#descriptor.fd, buffer), "read", this.name);
  }

  /** Writes one frame. @throws TunNativeError `EIO` (interface down), `EINVAL` (not an IP packet), … */
  writeFrame(frame: Uint8Array): void {
    check(this.#native.writeFrame(this.#descriptor.fd, frame), "write", this.name);
  }

  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
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

// What the kernel would answer with a bare EINVAL.
function checkName(name: string): void {
  const plain = name.replace("%d", "0");
  if (name === "") return;
  if (Buffer.byteLength(name) > 15 || plain === "." || plain === ".." || /[/:%\s]/.test(plain)) {
    throw argumentError("name", JSON.stringify(name), 'an interface name of at most 15 bytes, with at most one "%d"');
  }
}
