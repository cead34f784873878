import { DeviceStream, type DeviceStreamOptions } from "./device-stream.ts";

/** A TUN device as a Duplex stream of IP packets. */
export class Tun extends DeviceStream {
  /** @throws TunNativeError as `TunDevice.open` */
  constructor(options: DeviceStreamOptions = {}) {
    super("tun", options);
  }

  /** Always empty: a TUN device has no link-layer address. */
  get mac(): string {
    return this.networkInterface.mac;
  }
}

/** A TAP device as a Duplex stream of Ethernet frames. */
export class Tap extends DeviceStream {
  /** @throws TunNativeError as `TunDevice.open` */
  constructor(options: DeviceStreamOptions = {}) {
    super("tap", options);
  }

  /** Link-layer address as `02:00:00:00:00:01`. */
  get mac(): string {
    return this.networkInterface.mac;
  }

  set mac(mac: string) {
    this.networkInterface.mac = mac;
  }
}
