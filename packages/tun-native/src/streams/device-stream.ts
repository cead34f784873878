import { Duplex } from "node:stream";
import type { DeviceKind } from "../contracts.ts";
import { argumentError } from "../errors.ts";
import { parsePrefix } from "../ip-address.ts";
import { NetworkInterface } from "../network-interface.ts";
import { TunDevice } from "../tun-device.ts";
import { arm, unwatch, watch } from "./readiness.ts";

const LONGEST_FRAME_BYTES = 65535;
// Frames buffered in either direction before back-pressure.
const HIGH_WATER_FRAMES = 64;

export interface DeviceStreamOptions {
  /** Exact name, pattern such as `tun%d`, or absent: the kernel's choice. */
  readonly name?: string;
}

// A stream moves frame by frame.
const SINGLE_FRAMES = { tunSegmentation: false, coalescing: false };

/**
 * A TUN or TAP device as a stream: each `data` event is one frame, each `write` is one frame (a Buffer or another
 * Uint8Array). Frames are copied; whoever needs all the speed uses `TunDevice` with batches.
 *
 * The process stays alive while the stream is open. `release()` closes it and removes the interface.
 */
export abstract class DeviceStream extends Duplex {
  readonly #device: TunDevice;
  readonly #fd: number;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(LONGEST_FRAME_BYTES);
  protected readonly networkInterface: NetworkInterface;

  /** @throws TunNativeError as `TunDevice.open` */
  constructor(kind: DeviceKind, options: DeviceStreamOptions) {
    super({ objectMode: true, highWaterMark: HIGH_WATER_FRAMES, allowHalfOpen: false });
    this.#device = TunDevice.open({ kind, ...options, offload: SINGLE_FRAMES });
    this.#fd = this.#device.fd;
    this.networkInterface = new NetworkInterface(this.#device.name);
    try {
      watch(this.#fd, () => this.#drain());
    } catch (error) {
      this.#device.close();
      throw error;
    }
  }

  get name(): string {
    return this.#device.name;
  }

  get mtu(): number {
    return this.networkInterface.mtu;
  }

  set mtu(mtu: number) {
    this.networkInterface.mtu = mtu;
  }

  get isUp(): boolean {
    return this.networkInterface.isUp;
  }

  set isUp(isUp: boolean) {
    this.networkInterface.isUp = isUp;
  }

  /** First IPv4 address as `10.0.0.1/24`, empty if none. Setting it replaces all IPv4 addresses. */
  get ipv4(): string {
    return this.#prefix(4);
  }

  set ipv4(prefix: string) {
    this.#setPrefix(4, prefix);
  }

  /** First IPv6 address that is not link-local as `fd00::1/64`, empty if none. Setting it replaces those. */
  get ipv6(): string {
    return this.#prefix(6);
  }

  set ipv6(prefix: string) {
    this.#setPrefix(6, prefix);
  }

  /** Ends the stream and removes the interface at once. Idempotent. */
  release(): void {
    unwatch(this.#fd);
    this.#device.close();
    this.destroy();
  }

  override _read(): void {
    if (!this.destroyed) arm(this.#fd);
  }

  override _write(frame: unknown, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      if (!(frame instanceof Uint8Array)) throw argumentError("frame", typeof frame, "a Uint8Array");
      this.#device.writeFrame(frame);
      done();
    } catch (error) {
      done(asError(error));
    }
  }

  // Whoever ends the writing side is done with the device: nothing more is read, and an end that nobody reads must
  // not keep the process alive.
  override _final(done: (error?: Error | null) => void): void {
    unwatch(this.#fd);
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    unwatch(this.#fd);
    this.#device.close();
    done(error);
  }

  // Until the device is empty or the reader has enough; the next _read arms again.
  #drain(): void {
    try {
      while (!this.destroyed) {
        const length = this.#device.readFrame(this.#buffer);
        if (length === 0) {
          arm(this.#fd);
          return;
        }
        if (!this.push(Buffer.from(this.#buffer.subarray(0, length)))) return;
      }
    } catch (error) {
      this.destroy(asError(error));
    }
  }

  #prefix(family: 4 | 6): string {
    const address = this.#addresses(family)[0];
    return address === undefined ? "" : `${address.address}/${address.prefixLength}`;
  }

  #setPrefix(family: 4 | 6, text: string): void {
    const prefix = parsePrefix(text);
    if (prefix.family !== family) throw argumentError(`ipv${family}`, JSON.stringify(text), `an IPv${family} prefix`);
    for (const address of this.#addresses(family)) this.networkInterface.removeAddress(address);
    const slash = text.indexOf("/");
    const address = slash < 0 ? text : text.slice(0, slash);
    this.networkInterface.addAddress({ address, prefixLength: prefix.prefixLength, duplicateDetection: false });
  }

  #addresses(family: 4 | 6): { address: string; prefixLength: number }[] {
    return this.networkInterface
      .addresses()
      .filter(({ address }) => address.includes(":") === (family === 6) && !/^fe[89ab]/.test(address));
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
