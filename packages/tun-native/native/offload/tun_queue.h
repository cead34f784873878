// What a device with a vnet header keeps between calls, in memory of its JavaScript object.
#pragma once

#include "device_ring.h"
#include "frame_queue.h"
#include "joiner.h"
#include "super_frame.h"

namespace tun_native {

// Frames taken from the device in one call.
constexpr int32_t kFramesPerCall = 8;
static_assert(kFramesPerCall <= static_cast<int32_t>(kRingRequests), "they are requests of one call");

// A third of a second of a device at 7 Gbit/s, fifteen at 150 Mbit/s.
constexpr int32_t kWatchfulCalls = 2048;

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
  kOvertakes = 6,
  kQueueCounters = 7
};

// All zero at first.
struct TunQueue {
  DeviceRing ring;
  Joiner joiner;
  // Of the first frame that waits `rest` is left when `isCut`.
  FrameQueue frames;
  bool isCut;
  SuperFrame rest;
  // How many the last call took that took any.
  int32_t lastFrames;
  // For so many calls more single frames may overtake.
  int32_t watchfulCalls;
};

}  // namespace tun_native
