// Offsets and flags of the headers that segmentation and coalescing read and write (RFC 791, 8200, 9293, 768).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace tun_native {

constexpr size_t kEthernetBytes = 14;
constexpr size_t kEtherTypeOffset = 12;
constexpr size_t kVlanTagBytes = 4;
constexpr uint16_t kEtherIpv4 = 0x0800;
constexpr uint16_t kEtherIpv6 = 0x86dd;
constexpr uint16_t kEtherVlan = 0x8100;
constexpr uint16_t kEtherServiceVlan = 0x88a8;

constexpr size_t kIpv4Bytes = 20;
constexpr size_t kIpv4Length = 2;
constexpr size_t kIpv4Id = 4;
constexpr size_t kIpv4Fragment = 6;
constexpr size_t kIpv4Protocol = 9;
constexpr size_t kIpv4Checksum = 10;
constexpr size_t kIpv4Addresses = 12;
constexpr size_t kIpv4AddressBytes = 8;
constexpr uint16_t kDontFragment = 0x4000;
// The bits that a whole datagram may have set in its fragment field: none but "do not fragment".
constexpr uint16_t kFragmentMask = static_cast<uint16_t>(~kDontFragment);

constexpr size_t kIpv6Bytes = 40;
constexpr size_t kIpv6Length = 4;
constexpr size_t kIpv6NextHeader = 6;
constexpr size_t kIpv6Addresses = 8;
constexpr size_t kIpv6AddressBytes = 32;

constexpr uint8_t kProtocolTcp = 6;
constexpr uint8_t kProtocolUdp = 17;

constexpr size_t kTcpBytes = 20;
constexpr size_t kTcpMostBytes = 60;
constexpr size_t kTcpSequence = 4;
constexpr size_t kTcpAcknowledgement = 8;
constexpr size_t kTcpDataOffset = 12;
constexpr size_t kTcpFlags = 13;
constexpr size_t kTcpWindow = 14;
constexpr size_t kTcpChecksum = 16;
constexpr size_t kTcpUrgent = 18;
constexpr uint8_t kTcpFin = 0x01;
constexpr uint8_t kTcpPush = 0x08;
constexpr uint8_t kTcpAck = 0x10;
constexpr uint8_t kTcpEce = 0x40;
constexpr uint8_t kTcpCwr = 0x80;

constexpr size_t kUdpBytes = 8;
constexpr size_t kUdpLength = 4;
constexpr size_t kUdpChecksum = 6;

}  // namespace tun_native
