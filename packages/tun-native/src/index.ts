export type { DatagramSocket, DeviceKind, PacketBatch, PacketDevice, Poller } from "./contracts.ts";
export { SendError } from "./contracts.ts";
export { endpointAddress, writeEndpoint } from "./endpoint.ts";
export { type ErrnoName, TunNativeError, type TunNativeErrorCode, type TunNativeReason } from "./errors.ts";
export { EventSignal } from "./event-signal.ts";
export { lockFile, unlockFile } from "./file-lock.ts";
export { formatAddress, type IpAddress, type IpPrefix, parseAddress, parsePrefix } from "./ip-address.ts";
export type { InterfaceAddress, NewInterfaceAddress } from "./netlink/address.ts";
export type { InterfaceRoute } from "./netlink/route.ts";
export { NetworkInterface } from "./network-interface.ts";
export type {
  DeviceOffload,
  DeviceOffloadCounters,
  DeviceOffloadOptions,
  SocketOffload,
  SocketOffloadCounters,
  SocketOffloadOptions,
} from "./offload.ts";
export * from "./packet-batch.ts";
export { pathMtu } from "./path-mtu.ts";
export { FdPoller, type PollSource } from "./poller.ts";
export { maskArguments, setProcessName } from "./process-control.ts";
export { cipherKernel, createSatpCipher, type SatpCipher, type SatpCipherContext } from "./satp-cipher.ts";
export type { DeviceStreamOptions } from "./streams/device-stream.ts";
export { Tap, Tun } from "./streams/tun.ts";
export { type DetachedTunDevice, TunDevice, type TunDeviceOptions } from "./tun-device.ts";
export { type DetachedUdpSocket, UdpSocket, type UdpSocketOptions } from "./udp-socket.ts";
export { UnixDatagram } from "./unix-datagram.ts";
