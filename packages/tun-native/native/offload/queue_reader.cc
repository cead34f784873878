#include "queue_reader.h"

#include <unistd.h>

#include "../packet_batch.h"
#include "checksum.h"

namespace tun_native {
namespace {

// This much of a frame that cannot be used is shown in its row.
constexpr size_t kSampleBytes = 2048;
constexpr size_t kReadBytes = sizeof(VnetHeader) + kMostFrameBytes;

}  // namespace

// Where the next frame of a burst goes in the arena.
struct ArenaWriter {
  View<uint8_t> bytes;
  View<int32_t> descriptors;
  int32_t capacity;
  int32_t count;
  size_t start;

  bool hasRoom(size_t length) const { return count < capacity && start + kHeadroomBytes + length + kTailroomBytes <= bytes.length; }
  uint8_t* place() const { return bytes.data + start + kHeadroomBytes; }

  void commit(size_t length, int32_t flags) {
    int32_t* row = descriptors.data + static_cast<size_t>(count) * kDescriptorWords;
    row[kOffset] = static_cast<int32_t>(start + kHeadroomBytes);
    row[kLength] = static_cast<int32_t>(length);
    row[kFlags] = flags;
    count++;
    start = (start + kHeadroomBytes + length + kTailroomBytes + kCacheLineBytes - 1) & ~(kCacheLineBytes - 1);
  }

  // As commit, but `gap` bytes behind the frame the next one begins.
  void commitBefore(size_t gap, size_t length, int32_t flags) {
    const size_t next = start + length + gap;
    commit(length, flags);
    start = next;
  }
};

int32_t QueueReader::read() const {
  ArenaWriter arena{bytes, descriptors, 0, 0, 0};
  arena.capacity = static_cast<int32_t>(arena.descriptors.length / kDescriptorWords);
  if (queue == nullptr || state.length < kQueueStateWords || counters.length < kQueueCounters || longest <= 0) return -EFAULT;
  if (arena.capacity == 0 || arena.bytes.length > INT32_MAX || !arena.hasRoom(static_cast<size_t>(longest))) return -EFAULT;

  bool hasRoom = drain(&arena);
  int32_t frames = 0;
  // one more than there were: that it is missing ends the burst
  int32_t wanted = queue->lastFrames > 1 ? queue->lastFrames + 1 : 1;
  while (hasRoom && arena.hasRoom(static_cast<size_t>(longest))) {
    const int32_t rows = arena.capacity - arena.count;
    if (wanted > rows) wanted = rows;
    if (wanted > kSlots) wanted = kSlots;
    if (!queue->ring.isOpen()) wanted = 1;
    const int32_t error = fill(wanted);
    // EIO: the interface is down, which is a normal state with nothing to read.
    if (error < 0 && error != -EAGAIN && error != -EIO && arena.count == 0) return error;
    frames += queue->filledSlots;
    const bool isDrained = queue->filledSlots < wanted;
    hasRoom = drain(&arena);
    if (isDrained) break;
    wanted = frames;
  }
  if (frames > 0) queue->lastFrames = frames;
  state.data[kPending] = hasRoom ? 0 : 1;
  return arena.count;
}

int32_t QueueReader::fill(int32_t wanted) const {
  queue->nextSlot = 0;
  queue->filledSlots = 0;
  if (wanted > 1) {
    for (int32_t i = 0; i < wanted; i++) queue->ring.read(fd, queue->slots[i].delivered(), kReadBytes);
    queue->ring.submit(queue->outcomes);
    counters.data[kRingCalls]++;
    if (!queue->ring.isOpen()) state.data[kMode] &= ~kUsesRing;
  } else {
    do {
      const ssize_t result = ::read(fd, queue->slots[0].delivered(), kReadBytes);
      queue->outcomes[0] = result < 0 ? -errno : static_cast<int32_t>(result);
    } while (queue->outcomes[0] == -EINTR);
  }
  int32_t error = 0;
  for (int32_t i = 0; i < wanted; i++) {
    if (queue->outcomes[i] > 0) queue->filledSlots = i + 1;
    else if (error == 0) error = queue->outcomes[i];
  }
  if (wanted > 1) counters.data[kRingFrames] += queue->filledSlots;
  return error;
}

bool QueueReader::drain(ArenaWriter* arena) const {
  for (; queue->nextSlot < queue->filledSlots; queue->nextSlot++) {
    const int32_t outcome = queue->outcomes[queue->nextSlot];
    // nothing, or what only began to be a frame
    if (outcome <= static_cast<int32_t>(sizeof(VnetHeader))) continue;
    if (!queue->isCut && !arena->hasRoom(static_cast<size_t>(longest))) return false;
    if (!take(queue->slots[queue->nextSlot], static_cast<size_t>(outcome) - sizeof(VnetHeader), arena)) return false;
  }
  return true;
}

bool QueueReader::take(const Slot& slot, size_t length, ArenaWriter* arena) const {
  const size_t most = static_cast<size_t>(longest);
  const VnetHeader& vnet = slot.vnet;
  if (!queue->isCut && vnet.gsoType == kGsoNone) {
    const size_t kept = length < most ? length : most;
    memcpy(arena->place(), slot.frame, kept);
    bool isWhole = kept == length;
    if (isWhole && (vnet.flags & kNeedsChecksum) != 0) isWhole = finishChecksum(vnet, arena->place(), length);
    arena->commit(kept, isWhole ? kPacketOk : kPacketTruncated);
    return true;
  }
  if (!queue->isCut) {
    const bool isTap = (state.data[kMode] & kIsTap) != 0;
    if (length >= kMostFrameBytes || !openSuperFrame(vnet, slot.frame, length, isTap, &queue->rest)) {
      size_t kept = length < kSampleBytes ? length : kSampleBytes;
      if (kept > most) kept = most;
      memcpy(arena->place(), slot.frame, kept);
      arena->commit(kept, kPacketTruncated);
      return true;
    }
    counters.data[kSuperFrames]++;
  }
  queue->isCut = cutSegments(slot, arena);
  return !queue->isCut;
}

// Cuts as many segments as there is room for. Returns whether some are left.
bool QueueReader::cutSegments(const Slot& slot, ArenaWriter* arena) const {
  SuperFrame* frame = &queue->rest;
  const size_t most = static_cast<size_t>(longest);
  const size_t gap = state.data[kGap] > 0 ? static_cast<size_t>(state.data[kGap]) : 0;
  int32_t flags = kPacketOk;
  while (frame->hasMore()) {
    const uint32_t length = frame->nextBytes();
    if (!arena->hasRoom(length < most ? length : most)) return true;
    if (length > most) {
      // Nobody will use it: the row only says that it was there.
      memcpy(arena->place(), slot.frame, most);
      arena->commit(most, kPacketTruncated);
      flags = kPacketOk;
      skipSegment(frame);
      continue;
    }
    cutSegment(frame, slot.frame, arena->place());
    if (gap > 0 && frame->hasMore()) arena->commitBefore(gap, length, flags);
    else arena->commit(length, flags);
    flags = kPacketSegment;
    counters.data[kSegments]++;
  }
  return false;
}

}  // namespace tun_native
