#include "queue_reader.h"

#include <unistd.h>

#include "../packet_batch.h"
#include "checksum.h"

namespace tun_native {
namespace {

// This much of a frame that cannot be used is shown in its row.
constexpr size_t kSampleBytes = 2048;
// Longer ones may be what is left of a stream.
constexpr uint32_t kLightBytes = 512;
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

struct QueueReader::Burst {
  ArenaWriter arena;
  // What the next call asks the device for, and what it has given so far.
  int32_t wanted = 1;
  int32_t frames = 0;
  bool isDrained = false;
  // Rows of frames that went before others.
  int32_t early = 0;
  // Of the last super-frame taken in this call.
  FrameFlow bulk = {};
};

int32_t QueueReader::read() const {
  Burst burst{{bytes, descriptors, static_cast<int32_t>(descriptors.length / kDescriptorWords), 0, 0}};
  const ArenaWriter& arena = burst.arena;
  if (queue == nullptr || state.length < kQueueStateWords || counters.length < kQueueCounters || longest <= 0) return -EFAULT;
  if (arena.capacity == 0 || arena.bytes.length > INT32_MAX || !arena.hasRoom(static_cast<size_t>(longest))) return -EFAULT;
  if (!queue->frames.open()) return -ENOMEM;

  // one more than there were: that it is missing ends the burst
  if (queue->lastFrames > 1) burst.wanted = queue->lastFrames + 1;
  if (queue->watchfulCalls > 0) queue->watchfulCalls--;
  bool hasRoom = drain(&burst);
  while (hasRoom && !burst.isDrained && arena.hasRoom(static_cast<size_t>(longest))) {
    const int32_t error = fill(&burst);
    // EIO: the interface is down, which is a normal state with nothing to read.
    if (error < 0 && error != -EAGAIN && error != -EIO && arena.count == 0) return error;
    hasRoom = drain(&burst);
  }
  if (burst.frames > 0) queue->lastFrames = burst.frames;
  state.data[kPending] = queue->frames.waiting > 0 ? 1 : 0;
  return arena.count;
}

int32_t QueueReader::fill(Burst* burst) const {
  FrameQueue& frames = queue->frames;
  int32_t wanted = queue->ring.isOpen() ? burst->wanted : 1;
  if (wanted > kFramesPerCall) wanted = kFramesPerCall;
  if (wanted > frames.space()) wanted = frames.space();
  int32_t outcomes[kFramesPerCall];
  if (wanted > 1) {
    for (int32_t i = 0; i < wanted; i++) queue->ring.read(fd, frames.freeSlot(i).delivered(), kReadBytes);
    queue->ring.submit(outcomes);
    counters.data[kRingCalls]++;
    if (!queue->ring.isOpen()) state.data[kMode] &= ~kUsesRing;
  } else {
    do {
      const ssize_t result = ::read(fd, frames.freeSlot(0).delivered(), kReadBytes);
      outcomes[0] = result < 0 ? -errno : static_cast<int32_t>(result);
    } while (outcomes[0] == -EINTR);
  }
  int32_t filled = 0;
  int32_t error = 0;
  for (int32_t i = 0; i < wanted; i++) {
    if (outcomes[i] > 0) filled = i + 1;
    else if (error == 0) error = outcomes[i];
  }
  const bool isTap = (state.data[kMode] & kIsTap) != 0;
  for (int32_t i = 0; i < filled; i++) frames.push(outcomes[i] > 0 ? static_cast<uint32_t>(outcomes[i]) : 0, isTap);
  if (wanted > 1) counters.data[kRingFrames] += filled;
  burst->frames += filled;
  burst->isDrained = filled < wanted;
  burst->wanted = burst->frames;
  return error;
}

bool QueueReader::drain(Burst* burst) const {
  FrameQueue& frames = queue->frames;
  for (; frames.waiting > 0; frames.pop()) {
    const WaitingFrame& next = frames.frame(0);
    if (next.bytes == 0) continue;
    if (!queue->isCut && !burst->arena.hasRoom(static_cast<size_t>(longest))) return false;
    if (next.isLong) {
      burst->bulk = next.flow;
      if (queue->watchfulCalls > 0) {
        // an error ends this; the next read will meet it again
        while (!burst->isDrained && frames.space() > 0) fill(burst);
        overtake(burst);
        if (!queue->isCut && !burst->arena.hasRoom(static_cast<size_t>(longest))) return false;
      }
    } else if (next.bytes <= kLightBytes && next.flow.isApartFrom(burst->bulk)) {
      // It came behind a super-frame of another flow, which takes as long as dozens of single ones. The next like it need
      // not wait. Not always so: what is read long before its turn is no longer in the cache.
      queue->watchfulCalls = kWatchfulCalls;
    }
    if (!takeFirst(&burst->arena)) return false;
  }
  return true;
}

void QueueReader::overtake(Burst* burst) const {
  FrameQueue& frames = queue->frames;
  for (int32_t i = 1; i < frames.waiting; i++) {
    WaitingFrame& frame = frames.frame(i);
    if (frame.bytes == 0 || frame.isLong) continue;
    bool isApart = true;
    for (int32_t before = 0; before < i && isApart; before++) {
      isApart = frames.frame(before).bytes == 0 || frame.flow.isApartFrom(frames.frame(before).flow);
    }
    if (!isApart) continue;
    // Half of the rows are for those that wait.
    if (burst->early >= burst->arena.capacity / 2 || !burst->arena.hasRoom(static_cast<size_t>(longest))) return;
    takeSingle(frames.slot(i), frame.bytes, &burst->arena);
    if (frame.bytes <= kLightBytes) queue->watchfulCalls = kWatchfulCalls;
    frame.bytes = 0;
    burst->early++;
    counters.data[kOvertakes]++;
  }
}

void QueueReader::takeSingle(const Slot& slot, size_t length, ArenaWriter* arena) const {
  const size_t most = static_cast<size_t>(longest);
  const VnetHeader& vnet = slot.vnet;
  const size_t kept = length < most ? length : most;
  memcpy(arena->place(), slot.frame, kept);
  bool isWhole = kept == length;
  if (isWhole && (vnet.flags & kNeedsChecksum) != 0) isWhole = finishChecksum(vnet, arena->place(), length);
  arena->commit(kept, isWhole ? kPacketOk : kPacketTruncated);
}

bool QueueReader::takeFirst(ArenaWriter* arena) const {
  const Slot& slot = queue->frames.slot(0);
  const size_t length = queue->frames.frame(0).bytes;
  if (!queue->frames.frame(0).isLong) {
    takeSingle(slot, length, arena);
    return true;
  }
  if (!queue->isCut) {
    const bool isTap = (state.data[kMode] & kIsTap) != 0;
    if (length >= kMostFrameBytes || !openSuperFrame(slot.vnet, slot.frame, length, isTap, &queue->rest)) {
      size_t kept = length < kSampleBytes ? length : kSampleBytes;
      if (kept > static_cast<size_t>(longest)) kept = static_cast<size_t>(longest);
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
