import { argumentError, TunNativeError } from "./errors.ts";
import {
  addAddress,
  type InterfaceAddress,
  listAddresses,
  type NewInterfaceAddress,
  removeAddress,
} from "./netlink/address.ts";
import { getLink, type Link, setLink } from "./netlink/link.ts";
import { addRoute, type InterfaceRoute, listRoutes, removeRoute } from "./netlink/route.ts";

/**
 * Set-up of one network interface over rtnetlink. Every property asks or tells the kernel at once; nothing is
 * cached. All failures are TunNativeError with the kernel's errno (`ENODEV`: no such interface).
 */
export class NetworkInterface {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get exists(): boolean {
    try {
      getLink(this.name);
      return true;
    } catch (error) {
      if (error instanceof TunNativeError && error.code === "ENODEV") return false;
      throw error;
    }
  }

  get index(): number {
    return this.#link().index;
  }

  get isUp(): boolean {
    return this.#link().isUp;
  }

  set isUp(isUp: boolean) {
    setLink(this.name, { isUp });
  }

  /** Bytes of the longest packet. */
  get mtu(): number {
    return this.#link().mtu;
  }

  set mtu(mtu: number) {
    if (!Number.isInteger(mtu) || mtu < 0 || mtu > 0x7fffffff) throw argumentError("mtu", mtu, "a number of bytes");
    setLink(this.name, { mtu });
  }

  /** `02:00:00:00:00:01`; empty where there is no link-layer address (TUN). */
  get mac(): string {
    return Array.from(this.#link().mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
  }

  set mac(mac: string) {
    setLink(this.name, { mac: parseMac(mac) });
  }

  /** All addresses, IPv4 first. */
  addresses(): InterfaceAddress[] {
    return listAddresses(this.name);
  }

  addAddress(address: NewInterfaceAddress): void {
    addAddress(this.name, address);
  }

  removeAddress(address: InterfaceAddress): void {
    removeAddress(this.name, address);
  }

  /** Unicast routes of the main table through this interface, IPv4 first. */
  routes(): InterfaceRoute[] {
    return listRoutes(this.name);
  }

  addRoute(route: InterfaceRoute): void {
    addRoute(this.name, route);
  }

  removeRoute(route: InterfaceRoute): void {
    removeRoute(this.name, route);
  }

  #link(): Link {
    return getLink(this.name);
  }
}

function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw argumentError("mac", text, "six bytes as 02:00:00:00:00:01");
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}
