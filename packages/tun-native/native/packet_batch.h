// The memory layout that TypeScript and C++ share: rows of descriptors and endpoints beside one arena of bytes.
// The constants equal those of src/packet-batch.ts.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace tun_native {

constexpr int32_t kDescriptorWords = 4;
constexpr int32_t kOffset = 0;
constexpr int32_t kLength = 1;
constexpr int32_t kContext = 2;
constexpr int32_t kFlags = 3;

constexpr int32_t kPacketOk = 0;
constexpr int32_t kPacketBadTag = 1;
constexpr int32_t kPacketTruncated = 2;
constexpr int32_t kPacketFollows = 3;
constexpr int32_t kPacketSegment = 4;

constexpr int32_t kEndpointWords = 8;
constexpr int32_t kEndpointFamily = 0;
constexpr int32_t kEndpointPort = 1;
constexpr int32_t kEndpointScope = 2;
constexpr int32_t kEndpointSocket = 3;
constexpr int32_t kEndpointAddress = 4;

constexpr size_t kHeadroomBytes = 16;
constexpr size_t kTailroomBytes = 32;
constexpr size_t kCacheLineBytes = 64;

// Rows of a batch that were checked to lie inside the arena.
struct Rows {
  uint8_t* bytes;
  size_t size;
  int32_t* descriptors;

  int32_t* row(int32_t index) const { return descriptors + static_cast<size_t>(index) * kDescriptorWords; }
  uint8_t* packet(const int32_t* row) const { return bytes + row[kOffset]; }

  // Whether the row's packet, followed by `extra` bytes, lies inside the arena.
  bool holds(const int32_t* row, size_t extra = 0) const {
    if (row[kOffset] < 0 || row[kLength] < 0) return false;
    return static_cast<size_t>(row[kOffset]) + static_cast<size_t>(row[kLength]) + extra <= size;
  }
};

// Whether `[first, first + count)` are rows of a table of `words` words.
inline bool rowsExist(int32_t first, int32_t count, size_t words, int32_t wordsPerRow) {
  if (first < 0 || count < 0) return false;
  return static_cast<uint64_t>(first) + static_cast<uint64_t>(count) <= words / static_cast<size_t>(wordsPerRow);
}

}  // namespace tun_native
