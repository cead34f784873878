import { DESCRIPTOR_WORDS, ENDPOINT_SOCKET, ENDPOINT_WORDS, LENGTH, OFFSET } from "satp-core";
import { clampMss } from "./mss-clamp.js";

const DEVICE_READY = 1;
/**
 * One thread's packet path. A turn waits for the kernel, then moves one burst from the device to
 * the network and one from each socket to the device, so that neither direction starves the other.
 */
export class DataPlane {
  /** Longest IP packet that TCP connections through the tunnel are told of, in bytes; 0 = they are not told. */
  packetLimit = 0;
  // one by one, not as `parts`: whatever the object that they came in looks like, the compiler sees one shape
  #device;
  #sockets;
  #poller;
  #cipher;
  #tunnel;
  #frames;
  #datagrams;
  #isTap;
  constructor(parts) {
    this.#device = parts.device;
    this.#sockets = parts.sockets;
    this.#poller = parts.poller;
    this.#cipher = parts.cipher;
    this.#tunnel = parts.tunnel;
    this.#frames = parts.frames;
    this.#datagrams = parts.datagrams;
    this.#isTap = parts.device.kind === "tap";
  }
  /**
   * Waits for packets and moves one burst of each ready source.
   * @param timeoutMs longest wait, -1 for ever, 0 not at all
   * @throws TunNativeError when the device or a socket is gone
   */
  turn(timeoutMs) {
    const device = this.#device;
    const sockets = this.#sockets;
    // frames that were read from the kernel already are nothing to wait for
    const { pending } = device;
    const ready = this.#poller.wait(pending ? 0 : timeoutMs);
    if (pending || (ready & DEVICE_READY) !== 0) this.outboundBurst();
    for (let i = 0; i < sockets.length; i++) {
      const socket = sockets[i];
      if (socket !== undefined && (ready & (2 << i)) !== 0) this.inboundBurst(socket);
    }
  }
  /** Device → network. Returns the number of datagrams handed to the sockets. */
  outboundBurst() {
    const frames = this.#frames;
    const read = this.#device.read(frames);
    this.#clamp(frames, read);
    const ready = this.#tunnel.outbound(frames, read, this.#poller.now);
    if (ready === 0) return 0;
    this.#cipher.seal(frames, 0, ready);
    let first = 0;
    while (first < ready) {
      const id = socketOf(frames, first);
      let end = first + 1;
      while (end < ready && socketOf(frames, end) === id) end++;
      this.#sockets[id]?.send(frames, first, end - first);
      first = end;
    }
    return ready;
  }
  /** Network → device. Returns the number of frames that the device took. */
  inboundBurst(socket) {
    const datagrams = this.#datagrams;
    const received = socket.receive(datagrams);
    const known = this.#tunnel.classify(datagrams, received);
    if (known === 0) return 0;
    this.#cipher.open(datagrams, 0, known);
    const accepted = this.#tunnel.accept(datagrams, known, this.#poller.now);
    if (accepted === 0) return 0;
    this.#clamp(datagrams, accepted);
    return this.#device.write(datagrams, 0, accepted);
  }
  #clamp(batch, count) {
    if (this.packetLimit === 0) return;
    for (let row = 0; row < count; row++) {
      const at = row * DESCRIPTOR_WORDS;
      clampMss(
        batch.bytes,
        batch.descriptors[at + OFFSET] ?? 0,
        batch.descriptors[at + LENGTH] ?? 0,
        this.#isTap,
        this.packetLimit,
      );
    }
  }
  /** Closes everything the plane was made of. Idempotent. */
  close() {
    this.#poller.close();
    for (const socket of this.#sockets) socket.close();
    this.#device.close();
    this.#cipher.close();
  }
}
function socketOf(batch, row) {
  return batch.endpoints[row * ENDPOINT_WORDS + ENDPOINT_SOCKET] ?? 0;
}
//# sourceMappingURL=data-plane.js.map
