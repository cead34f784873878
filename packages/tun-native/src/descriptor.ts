import { closedError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { check } from "./system-error.ts";

/**
 * One owned file descriptor. The owner is the thread that made it: it is closed by `close()`, at the latest when
 * the thread ends. `release()` ends the ownership without closing, for passing the number to another thread.
 */
export class Descriptor {
  /** For messages: `tun0`, `127.0.0.1:4444`. */
  label: string;
  #fd: number;

  constructor(fd: number, label: string) {
    this.#fd = fd;
    this.label = label;
  }

  /** Takes over a descriptor that its former owner released. */
  static adopt(fd: number, label: string): Descriptor {
    return new Descriptor(check(loadBinding().adoptDescriptor(fd), "adopt", label), label);
  }

  get isOpen(): boolean {
    return this.#fd >= 0;
  }

  /** @throws TunNativeError `ERR_CLOSED` */
  get fd(): number {
    if (this.#fd < 0) throw closedError(this.label);
    return this.#fd;
  }

  /** @throws TunNativeError `ERR_CLOSED` */
  release(): number {
    const fd = this.fd;
    this.#fd = -1;
    check(loadBinding().releaseDescriptor(fd), "release", this.label);
    return fd;
  }

  /** Idempotent. */
  close(): void {
    const fd = this.#fd;
    if (fd < 0) return;
    this.#fd = -1;
    loadBinding().closeDescriptor(fd);
  }
}
