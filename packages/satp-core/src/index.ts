/**
 * The Secure Anycast Tunnelling Protocol without I/O, clock or dependencies.
 *
 * Single packets: {@link sealPacket}, {@link openPacket}. Batches, as a daemon moves them:
 * {@link Tunnel} with a {@link BatchCipher} over a {@link PacketBatch}.
 */

export { createBatch } from "./batch/create-batch.ts";
export {
  CONTEXT,
  DESCRIPTOR_WORDS,
  ENDPOINT_ADDRESS,
  ENDPOINT_FAMILY,
  ENDPOINT_PORT,
  ENDPOINT_SCOPE,
  ENDPOINT_SOCKET,
  ENDPOINT_WORDS,
  FLAGS,
  HEADROOM_BYTES,
  LENGTH,
  OFFSET,
  PACKET_BAD_TAG,
  PACKET_FOLLOWS,
  PACKET_OK,
  PACKET_SEGMENT,
  PACKET_TRUNCATED,
  type PacketBatch,
  TAILROOM_BYTES,
} from "./batch/packet-batch.ts";
export type { BatchCipher, CipherContext } from "./crypto/batch-cipher.ts";
export { cipherContext } from "./crypto/cipher-context.ts";
export { deriveMasterKeys, type KeyMaterial, MASTER_SALT_BYTES, type MasterKeys } from "./crypto/master-keys.ts";
export { nodeBatchCipher } from "./crypto/node-batch-cipher.ts";
export { oppositeRole, type Role, roleByName } from "./crypto/role.ts";
export {
  type Auth,
  authByName,
  type Cipher,
  cipherByName,
  DEFAULT_SUITE,
  effectiveSuite,
  type KdPrf,
  kdPrfByName,
  keyBytes,
  type Suite,
} from "./crypto/suite.ts";
export { SatpError, type SatpErrorCode } from "./errors.ts";
export { type OpenedPacket, openPacket, type RejectedPacket } from "./packet/open-packet.ts";
export { type PlainPacket, sealPacket } from "./packet/seal-packet.ts";
export { CANDIDATE_MS, type Candidate, TURN_MS } from "./peers/candidate.ts";
export { copyEndpoint, type EndpointOptions, endpointOf, formatEndpoint, sameEndpoint } from "./peers/endpoint.ts";
export type { Peer, PeerChange, PeerConfig, PeerKeys } from "./peers/peer.ts";
export type { SenderMark, Senders } from "./peers/sender.ts";
export { SequenceCounter, type SequenceRange } from "./peers/sequence-counter.ts";
export { MAX_WINDOW_SIZE, ReplayWindow } from "./replay/replay-window.ts";
export { SequenceVerdict } from "./replay/sequence-verdict.ts";
export {
  type Address,
  type AddressWords,
  formatAddress,
  parseAddress,
  tryParseAddress,
} from "./routing/address.ts";
export { formatPrefix, type Prefix, parsePrefix, prefixOf } from "./routing/prefix.ts";
export { RoutingTable } from "./routing/routing-table.ts";
export { COUNTER_CELLS, Counters } from "./tunnel/counters.ts";
export { DROP_REASON_NAMES, DropReason, type DropReasonName } from "./tunnel/drop-reason.ts";
export { SILENCE_MS } from "./tunnel/roaming.ts";
export { Tunnel } from "./tunnel/tunnel.ts";
export type { KeepAliveConfig, Routing, Strangers, TunnelConfig, TunnelEvents } from "./tunnel/tunnel-config.ts";
export {
  HEADER_BYTES,
  MAX_INTEROP_DATAGRAM,
  MAX_MUX,
  MAX_SENDER_ID,
  MAX_SEQUENCE,
  MAX_TAG_BYTES,
  maxInteropFrame,
  PAYLOAD_TYPE_BYTES,
} from "./wire/layout.ts";
export { type DeviceKind, PayloadType } from "./wire/payload-type.ts";
