#include "frame_flow.h"

#include <string.h>

#include "checksum.h"
#include "ip_layout.h"

namespace tun_native {
namespace {

constexpr uint8_t kProtocolIcmp6 = 58;

// Any number for the same bytes, but not 0.
uint32_t hashOf(const uint8_t* bytes, size_t count) {
  uint32_t hash = 0;
  for (size_t at = 0; at < count; at += 4) {
    uint32_t word;
    memcpy(&word, bytes + at, 4);
    hash = (hash ^ word) * 0x9e3779b1u;
    hash ^= hash >> 15;
  }
  return hash | 1;
}

bool hasPorts(uint8_t protocol) { return protocol == kProtocolTcp || protocol == kProtocolUdp; }

// The first byte behind the Ethernet header and its VLAN tags; `type` becomes what the header says follows.
size_t behindEthernet(const uint8_t* frame, size_t length, uint16_t* type) {
  size_t at = kEtherTypeOffset;
  *type = loadBig16(frame + at);
  for (int tag = 0; tag < 2 && (*type == kEtherVlan || *type == kEtherServiceVlan); tag++) {
    at += kVlanTagBytes;
    if (length < at + 2) return length;
    *type = loadBig16(frame + at);
  }
  return at + 2;
}

FrameFlow ipv4Flow(const uint8_t* packet, size_t length) {
  if (length < kIpv4Bytes) return {0, 0, 0};
  FrameFlow flow{hashOf(packet + kIpv4Addresses, kIpv4AddressBytes), packet[kIpv4Protocol] + 1u, 0};
  const size_t transport = (packet[0] & 0xfu) * 4;
  const bool isFragment = (loadBig16(packet + kIpv4Fragment) & kFragmentMask) != 0;
  if (hasPorts(packet[kIpv4Protocol]) && !isFragment && length >= transport + 4) flow.ports = hashOf(packet + transport, 4);
  return flow;
}

FrameFlow ipv6Flow(const uint8_t* packet, size_t length) {
  if (length < kIpv6Bytes) return {0, 0, 0};
  FrameFlow flow{hashOf(packet + kIpv6Addresses, kIpv6AddressBytes), 0, 0};
  const uint8_t protocol = packet[kIpv6NextHeader];
  if (hasPorts(protocol) || protocol == kProtocolIcmp6) flow.protocol = protocol + 1u;
  if (hasPorts(protocol) && length >= kIpv6Bytes + 4) flow.ports = hashOf(packet + kIpv6Bytes, 4);
  return flow;
}

}  // namespace

FrameFlow flowOf(const uint8_t* frame, size_t length, bool isTap) {
  if (length < (isTap ? kEthernetBytes : 1)) return {0, 0, 0};
  uint16_t type = (frame[0] >> 4) == 6 ? kEtherIpv6 : kEtherIpv4;
  const size_t at = isTap ? behindEthernet(frame, length, &type) : 0;
  if (at >= length) return {0, 0, 0};
  if (type == kEtherIpv4 && (frame[at] >> 4) == 4) return ipv4Flow(frame + at, length - at);
  if (type == kEtherIpv6 && (frame[at] >> 4) == 6) return ipv6Flow(frame + at, length - at);
  return {0, 0, 0};
}

}  // namespace tun_native
