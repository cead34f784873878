// Which frames must stay in their order: those of one flow.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace tun_native {

// 0 stands for any. Frames that are not IP have 0 everywhere.
struct FrameFlow {
  // A hash of both addresses in their order.
  uint32_t addresses;
  // The number and one. Any: extension headers hide it.
  uint32_t protocol;
  // A hash, of TCP and UDP. Any: of fragments, because only the first one has them.
  uint32_t ports;

  // Whether a frame of this flow and one of the other may change places.
  bool isApartFrom(const FrameFlow& other) const {
    return differ(addresses, other.addresses) || differ(protocol, other.protocol) || differ(ports, other.ports);
  }

 private:
  static bool differ(uint32_t a, uint32_t b) { return a != b && a != 0 && b != 0; }
};

// Of a frame as the device delivers it. Nothing is read behind `length`.
FrameFlow flowOf(const uint8_t* frame, size_t length, bool isTap);

}  // namespace tun_native
