/**
 * The cluster protocol of anytun: frames and commands without I/O ({@link FrameReader}, {@link decodeCommand}), tables
 * ({@link ClusterTable}), and a server and a client around them ({@link SyncHub}, {@link listenSync}, {@link SyncClient}).
 */

export { BackOff, FIRST_DELAY_MS, LONGEST_DELAY_MS } from "./client/back-off.ts";
export { type Connector, type ConnectTarget, connector } from "./client/connect.ts";
export type { RefusedFrame, SyncClientStatus } from "./client/link-record.ts";
export { RemoteClock } from "./client/remote-clock.ts";
export { SyncClient, type SyncClientEvents, type SyncClientOptions } from "./client/sync-client.ts";
export { KindCounter, type LinkCounts } from "./counts.ts";
export { SyncError, type SyncErrorCode } from "./errors.ts";
export {
  type ConnectLimitOptions,
  ConnectLimits,
  DEFAULT_CONNECT_LIMITS,
  type RefusedConnect,
} from "./server/connect-limits.ts";
export {
  type ListenAddress,
  type ListenEvents,
  type ListenOptions,
  listenSync,
  type SentAway,
  type SyncListener,
} from "./server/listen.ts";
export type { ClientEnd, ClientLimits, ServedClient } from "./server/server-client.ts";
export { type HubEvents, type HubOptions, type HubStatus, SyncHub } from "./server/sync-hub.ts";
export { ClusterTable, type Entry, type EntryKey, entryKey, routePrefix } from "./state/cluster-table.ts";
export { entryFrames, type SnapshotSource, safeRoutes, snapshotPieces, type Visibility } from "./state/snapshot.ts";
export { hasSecrets, type Unusable, whyUnusable, withoutSecrets } from "./state/usable.ts";
export { type ClusterTls, clusterTls, silenceReason, type TlsMaterial, tlsReason } from "./tls.ts";
export {
  type Command,
  type ConnectionCommand,
  decodeCommand,
  type EthernetRouteCommand,
  encodeCommand,
  type RefusedArchive,
  type RouteCommand,
  type UnknownCommand,
} from "./wire/command.ts";
export {
  type ClockReading,
  type Complete,
  decodeExtension,
  EXTENSION_VERSION,
  type Extension,
  encodeExtension,
  type Hello,
  type NodeSender,
  type PeerPlace,
  type ReplayMark,
  type WithdrawConnection,
  type WithdrawRoute,
} from "./wire/extension.ts";
export { encodeFrame, FrameReader, frameText, MAX_ARCHIVE_BYTES } from "./wire/frame.ts";
export {
  formatHostAddress,
  formatHostEndpoint,
  type HostAddress,
  isUnspecified,
  parseHostAddress,
  UNSPECIFIED4,
  UNSPECIFIED6,
} from "./wire/host-address.ts";
export { hangsOriginals, safePrefixes } from "./wire/safe-prefix.ts";
export { ARCHIVE_VERSION, type ArchiveFault } from "./wire/text-archive.ts";
