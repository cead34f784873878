// Frames out of a device with a vnet header: what it delivers in one piece becomes rows of a batch.
#pragma once

#include "../napi_util.h"
#include "tun_queue.h"

namespace tun_native {

struct ArenaWriter;

struct QueueReader {
  int fd;
  // Longer frames are cut and flagged.
  int32_t longest;
  TunQueue* queue;
  View<int32_t> state;
  View<double> counters;
  View<uint8_t> bytes;
  View<int32_t> descriptors;

  // As readFrames of tun_device.cc, with what the last call left first. state[kPending] says afterwards whether frames are
  // left that the device will not announce again.
  int32_t read() const;

 private:
  // One call's work: where rows go, and how much the device has given.
  struct Burst;

  // Takes what waits, in its order but for what overtakes a super-frame, until the arena is full.
  bool drain(Burst* burst) const;
  // Reads once. What it brings waits. Returns 0 or -errno.
  int32_t fill(Burst* burst) const;
  // Lets single frames of other flows go before those that wait longer.
  void overtake(Burst* burst) const;
  // Moves the first frame, or as much of a super-frame as there is room for. Returns whether that was all.
  bool takeFirst(ArenaWriter* arena) const;
  void takeSingle(const Slot& slot, size_t length, ArenaWriter* arena) const;
  bool cutSegments(const Slot& slot, ArenaWriter* arena) const;
};

}  // namespace tun_native
