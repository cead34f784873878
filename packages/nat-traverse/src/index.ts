export { HoleTimeout, NatTraverseError, type NatTraverseErrorCode } from "./errors.ts";
export { openHole } from "./hole/open-hole.ts";
export type {
  Diagnosis,
  Endpoint,
  Hole,
  HoleEvent,
  HoleListener,
  HoleOptions,
  Purpose,
  SendOutcome,
} from "./hole-types.ts";
export { type PeerSpec, parsePeerSpec } from "./peer-spec.ts";
export { Puncher } from "./punch/puncher.ts";
export type { BounceReason, Connection, PunchAction, PunchInput, PunchOptions } from "./punch/types.ts";
export {
  Capability,
  type ControlKind,
  type ControlPacket,
  type HandshakePacket,
  needsWrapping,
  type Packet,
  PacketKind,
  readPacket,
  writeControl,
  writeHandshake,
} from "./wire.ts";
