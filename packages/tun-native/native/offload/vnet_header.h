// The header that a TUN device with IFF_VNET_HDR puts before each frame (virtio 1.x, 5.1.6), and what may be asked
// of TUNSETOFFLOAD. Own definitions: the kernel's headers of older systems lack some, and drag in more than needed.
#pragma once

#include <stdint.h>

namespace tun_native {

// Fields are in the byte order of the machine: the "legacy" form, which is the kernel's default.
struct VnetHeader {
  uint8_t flags;
  uint8_t gsoType;
  uint16_t headerBytes;
  uint16_t segmentBytes;
  uint16_t checksumStart;
  uint16_t checksumOffset;
};
static_assert(sizeof(VnetHeader) == 10, "as in the kernel");

// flags: the checksum field holds the sum of the pseudo-header only.
constexpr uint8_t kNeedsChecksum = 1;

// gsoType
constexpr uint8_t kGsoNone = 0;
constexpr uint8_t kGsoTcp4 = 1;
constexpr uint8_t kGsoTcp6 = 4;
constexpr uint8_t kGsoUdp = 5;
constexpr uint8_t kGsoEcn = 0x80;

// Flags of TUNSETOFFLOAD.
constexpr int32_t kOffloadChecksum = 0x01;
constexpr int32_t kOffloadTso4 = 0x02;
constexpr int32_t kOffloadTso6 = 0x04;
constexpr int32_t kOffloadTsoEcn = 0x08;
constexpr int32_t kOffloadUso4 = 0x20;
constexpr int32_t kOffloadUso6 = 0x40;

}  // namespace tun_native
