#include "flow_packet.h"

#include "checksum.h"
#include "ip_layout.h"

namespace tun_native {
namespace {

// Of what may be joined, a TCP segment has no other flags. Echoed congestion is a state, not an event.
constexpr uint8_t kTcpPlainFlags = kTcpAck | kTcpPush | kTcpEce;

uint32_t mix(uint32_t hash, uint32_t word) { return (hash ^ word) * 0x9e3779b1u; }

uint32_t hashOf(const uint8_t* addresses, size_t addressBytes, const uint8_t* ports, uint8_t protocol) {
  uint32_t hash = protocol;
  uint32_t word;
  for (size_t at = 0; at < addressBytes; at += 4) {
    memcpy(&word, addresses + at, 4);
    hash = mix(hash, word);
  }
  memcpy(&word, ports, 4);
  hash = mix(hash, word);
  return hash ^ hash >> 16;
}

const uint8_t* addressesOf(const FlowPacket& packet) {
  return packet.frame + packet.network + (packet.isIpv4 ? kIpv4Addresses : kIpv6Addresses);
}

size_t addressBytes(const FlowPacket& packet) { return packet.isIpv4 ? kIpv4AddressBytes : kIpv6AddressBytes; }

bool same(const FlowPacket& a, const FlowPacket& b, size_t at, size_t length) { return memcmp(a.frame + at, b.frame + at, length) == 0; }

bool sameIpv4(const FlowPacket& a, const FlowPacket& b, uint32_t distance) {
  const size_t at = a.network;
  if (!same(a, b, at, 2) || !same(a, b, at + kIpv4Fragment, 4)) return false;
  // Of a datagram that is never fragmented the identification means nothing (RFC 6864).
  if ((loadBig16(a.frame + at + kIpv4Fragment) & kDontFragment) != 0) return true;
  const uint16_t expected = static_cast<uint16_t>(loadBig16(a.frame + at + kIpv4Id) + distance);
  return loadBig16(b.frame + at + kIpv4Id) == expected;
}

bool sameIpv6(const FlowPacket& a, const FlowPacket& b) {
  return same(a, b, a.network, kIpv6Length) && same(a, b, a.network + kIpv6NextHeader, 2);
}

bool sameTcp(const FlowPacket& a, const FlowPacket& b) {
  const size_t at = a.transport;
  return same(a, b, at + kTcpAcknowledgement, kTcpFlags - kTcpAcknowledgement) &&
         ((a.frame[at + kTcpFlags] ^ b.frame[at + kTcpFlags]) & ~kTcpPush) == 0 && same(a, b, at + kTcpWindow, 2) &&
         same(a, b, at + kTcpUrgent, a.headers - (at + kTcpUrgent));
}

// Whether a TCP or UDP header follows that may be joined. Sets `headers`.
bool readTransport(FlowPacket* packet, bool joinUdp) {
  const uint8_t* transport = packet->frame + packet->transport;
  const size_t length = packet->length - packet->transport;
  if (packet->isTcp) {
    if (length < kTcpBytes) return false;
    const size_t headerBytes = (transport[kTcpDataOffset] >> 4) * 4u;
    if (headerBytes < kTcpBytes || headerBytes >= length) return false;
    packet->headers = static_cast<uint8_t>(packet->transport + headerBytes);
    return (transport[kTcpFlags] & kTcpAck) != 0 && (transport[kTcpFlags] & ~kTcpPlainFlags) == 0 &&
           (transport[kTcpDataOffset] & 0xf) == 0;
  }
  packet->headers = static_cast<uint8_t>(packet->transport + kUdpBytes);
  return joinUdp && length > kUdpBytes && loadBig16(transport + kUdpLength) == length && loadWord(transport + kUdpChecksum) != 0;
}

}  // namespace

FlowPacket readFlow(const uint8_t* frame, size_t length, bool isTap, bool joinUdp) {
  FlowPacket packet{frame, static_cast<uint32_t>(length), Joinable::kForeign, false, false, 0, 0, 0, 0};
  packet.network = isTap ? kEthernetBytes : 0;
  if (length < packet.network + kIpv4Bytes) return packet;
  const uint8_t* network = frame + packet.network;
  const size_t ipBytes = length - packet.network;
  const uint16_t type = isTap ? loadBig16(frame + kEtherTypeOffset) : 0;
  uint8_t protocol;
  bool plain;
  if (network[0] >> 4 == 4 && (!isTap || type == kEtherIpv4)) {
    packet.isIpv4 = true;
    protocol = network[kIpv4Protocol];
    packet.transport = static_cast<uint8_t>(packet.network + kIpv4Bytes);
    // Options, fragments, and whatever an Ethernet padded.
    plain = network[0] == 0x45 && (loadBig16(network + kIpv4Fragment) & kFragmentMask) == 0 &&
            loadBig16(network + kIpv4Length) == ipBytes;
  } else if (network[0] >> 4 == 6 && ipBytes >= kIpv6Bytes && (!isTap || type == kEtherIpv6)) {
    protocol = network[kIpv6NextHeader];
    packet.transport = static_cast<uint8_t>(packet.network + kIpv6Bytes);
    plain = loadBig16(network + kIpv6Length) == ipBytes - kIpv6Bytes;
  } else {
    return packet;
  }
  packet.joinable = Joinable::kUnknownFlow;
  packet.isTcp = protocol == kProtocolTcp;
  if (!plain || (!packet.isTcp && protocol != kProtocolUdp) || length < packet.transport + kUdpBytes) return packet;
  packet.flowHash = hashOf(addressesOf(packet), addressBytes(packet), frame + packet.transport, protocol);
  packet.joinable = readTransport(&packet, joinUdp) ? Joinable::kYes : Joinable::kNever;
  return packet;
}

bool verifyChecksums(const FlowPacket& packet) {
  if (packet.isIpv4 && foldSum(sumBytes(packet.frame + packet.network, kIpv4Bytes)) != 0xffff) return false;
  const size_t length = packet.length - packet.transport;
  const uint8_t protocol = packet.isTcp ? kProtocolTcp : kProtocolUdp;
  const uint64_t pseudo = sumPseudoHeader(addressesOf(packet), addressBytes(packet), protocol, length);
  return foldSum(pseudo + sumBytes(packet.frame + packet.transport, length)) == 0xffff;
}

bool sameAddresses(const FlowPacket& a, const FlowPacket& b) {
  return a.isIpv4 == b.isIpv4 && memcmp(addressesOf(a), addressesOf(b), addressBytes(a)) == 0;
}

bool sameFlow(const FlowPacket& a, const FlowPacket& b) {
  return a.flowHash == b.flowHash && a.isTcp == b.isTcp && sameAddresses(a, b) && memcmp(a.frame + a.transport, b.frame + b.transport, 4) == 0;
}

bool sameHeaders(const FlowPacket& a, const FlowPacket& b, uint32_t distance) {
  if (a.headers != b.headers || !same(a, b, 0, a.network)) return false;
  if (!(a.isIpv4 ? sameIpv4(a, b, distance) : sameIpv6(a, b))) return false;
  return !a.isTcp || sameTcp(a, b);
}

}  // namespace tun_native
