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
  // Fills slots with up to `wanted` frames, fewer when there are no more. Returns 0 or -errno.
  int32_t fill(int32_t wanted) const;
  // Moves slots to the arena. Returns false when it is full.
  bool drain(ArenaWriter* arena) const;
  // Moves a frame, or as much of a super-frame as there is room for. Returns whether that was all.
  bool take(const Slot& slot, size_t length, ArenaWriter* arena) const;
  bool cutSegments(const Slot& slot, ArenaWriter* arena) const;
};

}  // namespace tun_native
