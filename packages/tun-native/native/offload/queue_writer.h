// Frames into a device with a vnet header: rows that belong together are written in one piece.
#pragma once

#include "../packet_batch.h"
#include "tun_queue.h"

namespace tun_native {

struct QueueWriter {
  int fd;
  TunQueue* queue;
  int32_t* state;
  double* counters;
  Rows rows;
  // Frames that the device took.
  int32_t written;
  // 0, or the error that says that the device is gone.
  int gone;

  // Rows that were found to lie inside the arena, at most kJoinWindow.
  void write(int32_t firstRow, int32_t count);

 private:
  // In calls of many groups; returns how many of them are dealt with.
  int32_t writeTogether(int32_t firstRow, int32_t firstGroup);
  // `vectors` has room for as many as the group has frames, and one. Returns how many are used.
  size_t describe(const FrameGroup& group, int32_t firstRow, uint8_t* prefix, iovec* vectors) const;
  // Counts what became of a group, and writes the frames of a refused one by themselves.
  void conclude(const FrameGroup& group, int32_t firstRow, int32_t outcome);
  bool writeSingle(const uint8_t* frame, size_t length);
  bool noteFailure(int error);
};

}  // namespace tun_native
