/** Why a packet was not delivered, as small numbers: index into {@link DROP_REASON_NAMES} and into the counters. */
export const DropReason = {
  /** Outbound: the frame was longer than its slot in the batch. */
  tooLong: 0,
  /** Outbound: fewer than 2 bytes, or no room for the destination address. Inbound: no room for header and tag. */
  tooShort: 1,
  /** Outbound, tun: neither IPv4 nor IPv6. */
  notIp: 2,
  /** Outbound: no route for the destination. */
  noRoute: 3,
  /** Outbound: no peer at all, or none with the route's mux. */
  noPeer: 4,
  /** Outbound: the peer's endpoint is not known yet. */
  noEndpoint: 5,
  /** Outbound: no sequence number is reserved. */
  noSequence: 6,
  /** Inbound: the datagram was longer than its slot in the batch. */
  truncated: 7,
  /** Inbound: no peer with the header's mux. */
  unknownMux: 8,
  /** Inbound: the authentication tag is wrong. */
  badTag: 9,
  /** Inbound: the replay window has seen the sequence number, or it is too old to tell. */
  replay: 10,
  /** Inbound: the peer used more sender ids than there are replay windows for. */
  senderLimit: 11,
  /** Inbound: nothing behind the payload type. */
  emptyPayload: 12,
  /** Inbound: a payload that this kind of device does not take. */
  wrongType: 13,
  /** The device refused a frame. Counted by the owner of the device. */
  deviceWrite: 14,
  /** The socket's buffer was full. This and the next three are counted by the owner of the sockets. */
  sendFull: 15,
  /** A datagram was longer than the path takes. */
  sendTooBig: 16,
  /** No route to the endpoint, or nobody listens there. */
  sendUnreachable: 17,
  /** Any other failure to send. */
  sendOther: 18,
} as const;

/** One of the numbers of {@link DropReason}. */
export type DropReason = (typeof DropReason)[keyof typeof DropReason];

/** Names for people and metrics, in the order of the numbers. */
export const DROP_REASON_NAMES = [
  "too-long",
  "too-short",
  "not-ip",
  "no-route",
  "no-peer",
  "no-endpoint",
  "no-sequence",
  "truncated",
  "unknown-mux",
  "bad-tag",
  "replay",
  "sender-limit",
  "empty-payload",
  "wrong-type",
  "device-write",
  "send-full",
  "send-too-big",
  "send-unreachable",
  "send-other",
] as const;

/** One of {@link DROP_REASON_NAMES}. */
export type DropReasonName = (typeof DROP_REASON_NAMES)[number];
