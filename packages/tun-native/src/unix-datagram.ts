import { Descriptor } from "./descriptor.ts";
import { argumentError, type ErrnoName } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { check, errnoName } from "./system-error.ts";

/** What the kernel takes in an address, without the byte that ends a path. */
const MAX_PATH_BYTES = 107;

/**
 * Sends datagrams to one socket of this machine, such as /dev/log; never waits. When the receiver goes away, `send`
 * says so, and only a new `UnixDatagram` reaches its successor.
 */
export class UnixDatagram {
  readonly #descriptor: Descriptor;

  private constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /**
   * @param path of the receiver's socket; `@name` is an abstract one
   * @throws TunNativeError `ENOENT`, `ECONNREFUSED` (nobody receives there any more), `EACCES`, `EPROTOTYPE` (not a
   *   datagram socket), `ERR_ARGUMENT`, …
   */
  static open(path: string): UnixDatagram {
    const bytes = Buffer.byteLength(path);
    if (bytes === 0 || bytes > MAX_PATH_BYTES || path.includes("\0")) {
      throw argumentError("path", JSON.stringify(path), `1 to ${MAX_PATH_BYTES} bytes`);
    }
    const native = loadBinding();
    const descriptor = new Descriptor(check(native.createUnixSocket(), "socket", path), path);
    try {
      check(native.connectUnixSocket(descriptor.fd, path), "connect", path);
    } catch (error) {
      descriptor.close();
      throw error;
    }
    return new UnixDatagram(descriptor);
  }

  /** Takes over a socket that is connected already. @param path for messages */
  static own(fd: number, path: string): UnixDatagram {
    return new UnixDatagram(Descriptor.adopt(fd, path));
  }

  /**
   * @returns undefined when the kernel took the datagram, else why not: `EAGAIN` (the receiver's queue is full), `ENOBUFS`,
   *   `EMSGSIZE`, `ECONNREFUSED` or `ENOTCONN` (the receiver is gone), …
   * @throws TunNativeError `ERR_CLOSED`
   */
  send(bytes: Uint8Array): ErrnoName | undefined {
    const result = loadBinding().sendUnixDatagram(this.#descriptor.fd, bytes);
    return result < 0 ? errnoName(-result) : undefined;
  }

  /** Idempotent. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
