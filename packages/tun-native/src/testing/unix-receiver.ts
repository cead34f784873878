import { Descriptor } from "../descriptor.ts";
import { loadBinding } from "../load-binding.ts";
import { check } from "../system-error.ts";

const MAX_DATAGRAM_BYTES = 65_536;

/** A local service that takes datagrams, such as the system log or the service manager. It queues what the kernel lets it. */
export class UnixReceiver {
  readonly #descriptor: Descriptor;
  readonly #buffer: Buffer = Buffer.alloc(MAX_DATAGRAM_BYTES);

  /**
   * @param path of the socket, which must not exist; it stays behind after `close`, as that of a service that died. `@name`
   *   is an abstract one
   */
  constructor(path: string) {
    const native = loadBinding();
    this.#descriptor = new Descriptor(check(native.createUnixSocket(), "socket", path), path);
    const result = native.bindUnixSocket(this.#descriptor.fd, path);
    if (result < 0) this.#descriptor.close();
    check(result, "bind", path);
  }

  /** What was queued since the last call, as text; empty datagrams end it early. */
  drain(): string[] {
    const native = loadBinding();
    const texts: string[] = [];
    for (;;) {
      const length = check(native.readFrame(this.#descriptor.fd, this.#buffer), "read", this.#descriptor.label);
      if (length === 0) return texts;
      texts.push(this.#buffer.toString("utf8", 0, length));
    }
  }

  /** Idempotent. */
  close(): void {
    this.#descriptor.close();
  }
}
