/** What a payload is, as the first two bytes of the body say it (spec: satp-wire.md 2). */
export const PayloadType = {
  /** An IPv4 packet, from a tun device. */
  ipv4: 0x0800,
  /** An IPv6 packet, from a tun device. */
  ipv6: 0x86dd,
  /** An Ethernet frame from the destination address on and without checksum, from a tap device. */
  ethernet: 0x6558,
} as const;

/** `tun` carries IP packets, `tap` Ethernet frames. */
export type DeviceKind = "tun" | "tap";

/** Returned by {@link ipPayloadType} for a frame that is not an IP packet. */
export const NOT_IP = -1;

/**
 * Payload type of a frame from a tun device, by the version nibble of its first byte.
 *
 * The originals send any other nibble under the type of the *previous* packet, so that the receiver
 * hands garbage to its IP stack; we do not send what no receiver can use.
 */
export function ipPayloadType(firstByte: number): number {
  const version = firstByte >>> 4;
  if (version === 4) return PayloadType.ipv4;
  if (version === 6) return PayloadType.ipv6;
  return NOT_IP;
}

/**
 * Whether a device takes payloads of this type (spec section 9, step 10). On tun the type is not
 * compared with the version nibble of the payload: the originals accept either for either.
 */
export function deviceTakes(kind: DeviceKind, payloadType: number): boolean {
  if (kind === "tap") return payloadType === PayloadType.ethernet;
  return payloadType === PayloadType.ipv4 || payloadType === PayloadType.ipv6;
}
