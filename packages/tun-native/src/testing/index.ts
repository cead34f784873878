/** Devices and networks in memory with the interfaces of the real ones, and a socket that plays a local service: for tests. */
export { MemoryDevice, type MemoryDeviceOptions } from "./memory-device.ts";
export {
  type MemoryDatagram,
  type MemoryEndpoint,
  MemoryNetwork,
  type MemoryNetworkOptions,
  type MemorySocketOptions,
  type MemoryTap,
} from "./memory-network.ts";
export { type FakeClock, MemoryPoller, type Readable } from "./memory-poller.ts";
export { MemorySocket } from "./memory-socket.ts";
export { seededRandom } from "./random.ts";
export { UnixReceiver } from "./unix-receiver.ts";
