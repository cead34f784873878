/** The TUN or TAP device and its interface: opened and configured before the data plane gets it (spec: anytun-cli.md 8). */
import { formatAddress, parseAddress } from "satp-core";
import { NetworkInterface, TunDevice, TunNativeError } from "tun-native";
import type { Config, InterfaceAddress } from "../config/config.ts";
import type { Logger } from "../log/logger.ts";

export const DEVICE_NODE = "/dev/net/tun";
/** What the originals set together with the address: room for the header, the longest tag and IPv6 in 1,500 bytes. */
const CONFIGURED_MTU = 1400;

/**
 * Creates the device; with an address (`-n`) also sets the MTU and brings the interface up, with `--mtu` sets the MTU.
 * @throws TunNativeError; no device is left then
 */
export function openDevice(
  config: Pick<Config, "device" | "ipv4" | "ipv6" | "mtu" | "offload">,
  log: Logger,
): TunDevice {
  const { kind, name } = config.device;
  const { tun, ring } = config.offload;
  const offload = { tunSegmentation: tun, coalescing: tun, ring };
  const device = TunDevice.open(name === undefined ? { kind, offload } : { kind, name, offload });
  try {
    log.notice(`dev opened - name '${device.name}', node '${DEVICE_NODE}'`);
    log.notice(`dev type is '${kind}'`);
    log.notice(`dev offloads: ${device.offloads.join(" ") || "none"}`);
    const { ipv4, ipv6 } = config;
    const link = new NetworkInterface(device.name);
    if (typeof config.mtu === "number") link.mtu = config.mtu;
    if (ipv4 !== undefined || ipv6 !== undefined) {
      if (typeof config.mtu !== "number") link.mtu = CONFIGURED_MTU;
      if (ipv4 !== undefined) link.addAddress(kind === "tap" ? withBroadcast(ipv4) : ipv4);
      if (ipv6 !== undefined) link.addAddress(ipv6);
      link.isUp = true;
    }
    return device;
  } catch (error) {
    device.close();
    throw error;
  }
}

/**
 * What a running interface is given instead: new addresses before old ones go, so that it is never without.
 * @throws TunNativeError; a part may have been changed then
 */
export function reconfigureDevice(
  link: NetworkInterface,
  kind: "tun" | "tap",
  old: Pick<Config, "ipv4" | "ipv6" | "mtu">,
  next: Pick<Config, "ipv4" | "ipv6" | "mtu">,
): void {
  const hasAddress = next.ipv4 !== undefined || next.ipv6 !== undefined;
  for (const family of ["ipv4", "ipv6"] as const) {
    const [before, after] = [old[family], next[family]];
    if (before?.address === after?.address && before?.prefixLength === after?.prefixLength) continue;
    const wanted = after !== undefined && kind === "tap" && family === "ipv4" ? withBroadcast(after) : after;
    if (wanted !== undefined) link.addAddress(wanted);
    if (before !== undefined) link.removeAddress(before);
    // the kernel takes the later addresses of a network away with the first one
    if (wanted !== undefined && before !== undefined) addIfMissing(link, wanted);
  }
  if (typeof next.mtu === "number") link.mtu = next.mtu;
  else if (next.mtu === undefined && typeof old.mtu === "number" && hasAddress) link.mtu = CONFIGURED_MTU;
  if (hasAddress && !link.isUp) link.isUp = true;
}

function addIfMissing(link: NetworkInterface, address: InterfaceAddress): void {
  try {
    link.addAddress(address);
  } catch (error) {
    if (!(error instanceof TunNativeError && error.code === "EEXIST")) throw error;
  }
}

/** On Ethernet a subnet has a broadcast address, all host bits set; `ifconfig` sets it, the kernel alone does not. */
function withBroadcast(ipv4: InterfaceAddress): InterfaceAddress & { readonly broadcast?: string } {
  if (ipv4.prefixLength > 30) return ipv4;
  const [word] = parseAddress(ipv4.address).words;
  const hostBits = 0xffffffff >>> ipv4.prefixLength;
  return { ...ipv4, broadcast: formatAddress({ family: 4, words: [word | hostBits, 0, 0, 0] }) };
}
