/**
 * A data plane's parts with a clock around each call. The data plane itself is the product's, untouched: what its
 * turns take beyond these calls is its own.
 */
import { type BatchCipher, type PacketBatch, Tunnel, type TunnelConfig } from "satp-core";
import type { DatagramSocket, PacketDevice, Poller } from "tun-native";
import type { StageClock, StageClocks } from "./stage-clock.ts";

export function timedDevice(device: PacketDevice, { read, write }: StageClocks): PacketDevice {
  return {
    kind: device.kind,
    name: device.name,
    maxFrameBytes: device.maxFrameBytes,
    get segmentGap() {
      return device.segmentGap;
    },
    set segmentGap(bytes) {
      device.segmentGap = bytes;
    },
    get pending() {
      return device.pending;
    },
    get writeErrors() {
      return device.writeErrors;
    },
    read(batch) {
      const started = read.now();
      const count = device.read(batch);
      read.end(started, count);
      return count;
    },
    write(batch, first, count) {
      const started = write.now();
      const written = device.write(batch, first, count);
      write.end(started, count);
      return written;
    },
    close: () => device.close(),
  };
}

export function timedSocket(socket: DatagramSocket, { receive, send }: StageClocks): DatagramSocket {
  const { family, port, address, id, sendErrors } = socket;
  return {
    family,
    port,
    address,
    id,
    sendErrors,
    get lastSendErrno() {
      return socket.lastSendErrno;
    },
    receive(batch) {
      const started = receive.now();
      const count = socket.receive(batch);
      receive.end(started, count);
      return count;
    },
    send(batch, first, count) {
      const started = send.now();
      const sent = socket.send(batch, first, count);
      send.end(started, count);
      return sent;
    },
    close: () => socket.close(),
  };
}

export function timedPoller(poller: Poller, { wait }: StageClocks): Poller {
  return {
    wait(timeoutMs) {
      const started = wait.now();
      const ready = poller.wait(timeoutMs);
      wait.end(started, 0);
      return ready;
    },
    look() {
      const started = wait.now();
      const ready = poller.look();
      wait.end(started, 0);
      return ready;
    },
    giveWay() {
      const started = wait.now();
      const ready = poller.giveWay();
      wait.end(started, 0);
      return ready;
    },
    get woken() {
      return poller.woken;
    },
    get crowded() {
      return poller.crowded;
    },
    get now() {
      return poller.now;
    },
    close: () => poller.close(),
  };
}

export function timedCipher(cipher: BatchCipher, { seal, open }: StageClocks): BatchCipher {
  return {
    addContext: (context) => cipher.addContext(context),
    removeContext: (id) => cipher.removeContext(id),
    seal(batch, first, count) {
      const started = seal.now();
      cipher.seal(batch, first, count);
      seal.end(started, count);
    },
    open(batch, first, count) {
      const started = open.now();
      cipher.open(batch, first, count);
      open.end(started, count);
    },
    close: () => cipher.close(),
  };
}

export class TimedTunnel extends Tunnel {
  readonly #frame: StageClock;
  readonly #classify: StageClock;
  readonly #accept: StageClock;

  constructor(config: TunnelConfig, { frame, classify, accept }: StageClocks) {
    super(config);
    this.#frame = frame;
    this.#classify = classify;
    this.#accept = accept;
  }

  override outbound(batch: PacketBatch, count: number, nowMs: number): number {
    const started = this.#frame.now();
    const ready = super.outbound(batch, count, nowMs);
    this.#frame.end(started, count);
    return ready;
  }

  override classify(batch: PacketBatch, count: number): number {
    const started = this.#classify.now();
    const known = super.classify(batch, count);
    this.#classify.end(started, count);
    return known;
  }

  override accept(batch: PacketBatch, count: number, nowMs: number): number {
    const started = this.#accept.now();
    const accepted = super.accept(batch, count, nowMs);
    this.#accept.end(started, count);
    return accepted;
  }
}
