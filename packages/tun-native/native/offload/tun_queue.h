// What a device with a vnet header keeps between calls, in memory of its JavaScript object.
#pragma once

#include <linux/if_tun.h>

#include "device_ring.h"
#include "joiner.h"
#include "super_frame.h"
#include "../packet_batch.h"

namespace tun_native {

// The longest frame: an IP packet, its Ethernet header and two VLAN tags. One byte more shows a cut.
constexpr size_t kMostFrameBytes = kMostIpBytes + kEthernetBytes + 2 * kVlanTagBytes + 1;
// Frames taken from the device in one call.
constexpr int32_t kSlots = 8;
static_assert(kSlots <= static_cast<int32_t>(kRingRequests), "they are requests of one call");

// Words of `state`, shared with src/tun-device.ts.
enum QueueState { kLastErrno = 0, kPending = 1, kMode = 2, kRefusals = 3, kGap = 4, kQueueStateWords = 5 };
enum QueueMode { kIsTap = 1, kJoinTcp = 2, kJoinUdp = 4, kUsesRing = 8 };
// Places in `counters`.
enum QueueCounter {
  kSuperFrames = 0,
  kSegments = 1,
  kJoinedWrites = 2,
  kJoinedFrames = 3,
  kRingCalls = 4,
  kRingFrames = 5,
  kQueueCounters = 6
};

// A frame as the device delivers it, at the same place of a cache line in each.
struct Slot {
  uint8_t unused[kCacheLineBytes - sizeof(VnetHeader)];
  VnetHeader vnet;
  uint8_t frame[(kMostFrameBytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes];

  uint8_t* delivered() { return reinterpret_cast<uint8_t*>(this) + kCacheLineBytes - sizeof(VnetHeader); }
};
static_assert(offsetof(Slot, frame) == kCacheLineBytes, "the vnet header lies before the frame");

// All zero at first.
struct TunQueue {
  DeviceRing ring;
  Joiner joiner;
  // Frames of the device: slots [nextSlot, filledSlots) are still to be taken; of the first of them `rest` is left when
  // `isCut`. Not empty between two calls when the batch was full.
  int32_t nextSlot;
  int32_t filledSlots;
  bool isCut;
  SuperFrame rest;
  // How many the last call took that took any.
  int32_t lastFrames;
  // Bytes with the vnet header, or -errno.
  int32_t outcomes[kSlots];
  Slot slots[kSlots];
};

}  // namespace tun_native
