/**
 * Between device and tunnel, both ways: TCP connections learn at their start which segments fit through the tunnel.
 * Hosts behind this one do not know its MTU, and path MTU discovery fails where ICMP is filtered; the maximum segment
 * size in SYN packets (RFC 9293, 3.7.1) always arrives.
 */
/**
 * Lowers the MSS option of a TCP SYN that announces more than fits; leaves every other frame alone.
 * @param bytes arena; `[offset, offset + length)` is the frame
 * @param ethernet whether the frame begins with an Ethernet header
 * @param packetBytes longest IP packet that fits
 * @returns whether the frame was changed (its checksum with it)
 */
export declare function clampMss(
  bytes: Uint8Array,
  offset: number,
  length: number,
  ethernet: boolean,
  packetBytes: number,
): boolean;
