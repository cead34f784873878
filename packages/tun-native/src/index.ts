export { type DetachedProcess, MemoryFile, Pipe, replaceStandardStreams, spawnDetached } from "./background.ts";
export type { DatagramSocket, DeviceKind, PacketBatch, PacketDevice, Poller } from "./contracts.ts";
export { SendError } from "./contracts.ts";
export { Doorkeeper, type DoorkeeperRights } from "./doorkeeper.ts";
export { endpointAddress, writeEndpoint } from "./endpoint.ts";
export { type ErrnoName, TunNativeError, type TunNativeErrorCode, type TunNativeReason } from "./errors.ts";
export { EventSignal } from "./event-signal.ts";
export { lockFile, unlockFile } from "./file-lock.ts";
export { formatAddress, type IpAddress, type IpPrefix, parseAddress, parsePrefix } from "./ip-address.ts";
export type { InterfaceAddress, NewInterfaceAddress } from "./netlink/address.ts";
export { type InterfaceRoute, listMainRoutes, type MainRoute } from "./netlink/route.ts";
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
export { FdPoller, type PollSource, type ReadAhead } from "./poller.ts";
export { type Capability, type Confinement, confineProcess, findGroup, findUser } from "./privileges.ts";
export { maskArguments, setProcessName } from "./process-control.ts";
export { becomeStandardStreams, ignoreSignals, openFilesLimit, replaceProcess } from "./process-image.ts";
export { ReadableWatch } from "./readable-watch.ts";
export { cipherKernel, createSatpCipher, type SatpCipher, type SatpCipherContext } from "./satp-cipher.ts";
export type { SocketErrorReport } from "./socket-error-report.ts";
export { type FilterInstruction, setSocketFilter } from "./socket-filter.ts";
export type { DeviceStreamOptions } from "./streams/device-stream.ts";
export { Tap, Tun } from "./streams/tun.ts";
export { errorText } from "./system-error.ts";
export { type DetachedTunDevice, TunDevice, type TunDeviceOptions } from "./tun-device.ts";
export { type DetachedUdpSocket, UdpSocket, type UdpSocketOptions } from "./udp-socket.ts";
export { UnixDatagram } from "./unix-datagram.ts";
