import { Descriptor } from "./descriptor.ts";
import { loadBinding } from "./load-binding.ts";
import { check } from "./system-error.ts";

/**
 * A doorbell between threads (eventfd): `signal()` from any thread makes `FdPoller.wait` return. Each thread holds
 * its own object; signals that nobody waited for are kept and merge into one.
 */
export class EventSignal {
  readonly #descriptor: Descriptor;

  private constructor(fd: number) {
    this.#descriptor = new Descriptor(fd, "signal");
  }

  static create(): EventSignal {
    return new EventSignal(check(loadBinding().createEvent(), "eventfd", "signal"));
  }

  /**
   * Another object for the same doorbell, by the `fd` of an open one in any thread. It has a descriptor of its own:
   * neither end's `close()` disturbs the other.
   */
  static attach(fd: number): EventSignal {
    return new EventSignal(check(loadBinding().duplicateDescriptor(fd), "dup", "signal"));
  }

  /** The number to hand to another thread. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  signal(): void {
    check(loadBinding().signalEvent(this.#descriptor.fd), "write", "signal");
  }

  /** Idempotent. */
  close(): void {
    this.#descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
