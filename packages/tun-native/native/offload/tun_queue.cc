// Frames of a TUN or TAP device that was opened with a vnet header: what it delivers in one piece becomes rows of a
// batch, and rows that belong together are written in one piece. Without the header see tun_device.cc.
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../functions.h"
#include "../packet_batch.h"
#include "../read_order.h"
#include "checksum.h"
#include "joiner.h"
#include "super_frame.h"

namespace tun_native {
namespace {

// The longest frame: an IP packet, its Ethernet header and two VLAN tags. One byte more shows a cut.
constexpr size_t kMostFrameBytes = kMostIpBytes + kEthernetBytes + 2 * kVlanTagBytes + 1;
// This much of a frame is read straight to its place in the arena; ordinary frames end there.
constexpr size_t kDirectBytes = 2048;
// So many super-frames in a row that the device refused, whose frames it then took one by one, end the joining.
constexpr int32_t kMostRefusals = 8;

// Words of `state`, shared with src/tun-device.ts.
enum QueueState { kLastErrno = 0, kPending = 1, kMode = 2, kRefusals = 3, kGap = 4, kQueueStateWords = 5 };
enum QueueMode { kIsTap = 1, kJoinTcp = 2, kJoinUdp = 4 };
// Places in `counters`.
enum QueueCounter { kSuperFrames = 0, kSegments = 1, kJoinedWrites = 2, kJoinedFrames = 3, kQueueCounters = 4 };

// Lives in memory of the JavaScript object of the device, zero at first.
struct TunQueue {
  // The rest of a super-frame that did not fit the batch; meaningful while state[kPending] is set.
  SuperFrame rest;
  uint8_t frame[kMostFrameBytes];
  Joiner joiner;
};

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

// Cuts as many segments as there is room for. Returns whether some are left.
bool cutSegments(TunQueue* queue, ArenaWriter* arena, uint32_t longest, size_t gap, double* counters) {
  SuperFrame* frame = &queue->rest;
  int32_t flags = kPacketOk;
  while (frame->hasMore()) {
    const uint32_t length = frame->nextBytes();
    if (!arena->hasRoom(length < longest ? length : longest)) return true;
    if (length > longest) {
      // Nobody will use it: the row only says that it was there.
      memcpy(arena->place(), queue->frame, longest);
      arena->commit(longest, kPacketTruncated);
      flags = kPacketOk;
      skipSegment(frame);
      continue;
    }
    cutSegment(frame, queue->frame, arena->place());
    if (gap > 0 && frame->hasMore()) arena->commitBefore(gap, length, flags);
    else arena->commit(length, flags);
    flags = kPacketSegment;
    counters[kSegments]++;
  }
  return false;
}

// One write; -1 with errno.
ssize_t writeVectors(int fd, iovec* vectors, int count) {
  ssize_t result;
  do {
    result = writev(fd, vectors, count);
  } while (result < 0 && errno == EINTR);
  return result;
}

struct Writer {
  int fd;
  TunQueue* queue;
  int32_t* state;
  double* counters;
  // Frames that the device took.
  int32_t written;
  // 0, or the error that says that the device is gone.
  int gone;

  bool noteFailure() {
    if (errno == EBADFD || errno == EBADF) gone = errno;
    state[kLastErrno] = errno;
    return false;
  }

  bool writeSingle(const uint8_t* frame, size_t length) {
    VnetHeader plain{};
    iovec vectors[2] = {{&plain, sizeof plain}, {const_cast<uint8_t*>(frame), length}};
    if (writeVectors(fd, vectors, 2) < 0) return noteFailure();
    written++;
    return true;
  }

  // `rows` are those of the window that the joiner saw.
  void writeGroup(const FrameGroup& group, const Rows& rows, int32_t firstRow) {
    const FlowPacket& lead = group.lead;
    if (group.count == 1) {
      writeSingle(lead.frame, lead.length);
      return;
    }
    uint8_t prefix[kMostPrefixBytes];
    iovec vectors[kJoinWindow + 1];
    vectors[0] = {prefix, Joiner::writePrefix(group, prefix)};
    int count = 1;
    for (int32_t i = group.first; i >= 0; i = queue->joiner.next(i)) {
      const int32_t* row = rows.row(firstRow + i);
      vectors[count++] = {rows.packet(row) + lead.headers, static_cast<size_t>(row[kLength]) - lead.headers};
    }
    if (writeVectors(fd, vectors, count) >= 0) {
      written += group.count;
      counters[kJoinedWrites]++;
      counters[kJoinedFrames] += group.count;
      state[kRefusals] = 0;
      return;
    }
    const int error = errno;
    noteFailure();
    // EIO: the interface is down and takes single frames no more than joined ones.
    if (gone != 0 || error == EIO) return;
    bool isTaken = false;
    for (int32_t i = group.first; i >= 0 && gone == 0; i = queue->joiner.next(i)) {
      const int32_t* row = rows.row(firstRow + i);
      isTaken |= writeSingle(rows.packet(row), static_cast<size_t>(row[kLength]));
    }
    if (isTaken && error == EINVAL && ++state[kRefusals] >= kMostRefusals) state[kMode] &= ~(lead.isTcp ? kJoinTcp : kJoinUdp);
  }
};

TunQueue* queueOf(const View<uint8_t>& memory) {
  if (memory.length < sizeof(TunQueue) || reinterpret_cast<uintptr_t>(memory.data) % alignof(TunQueue) != 0) return nullptr;
  return reinterpret_cast<TunQueue*>(memory.data);
}

struct QueueReader {
  int fd;
  int32_t longest;
  TunQueue* queue;
  View<int32_t> state;
  View<double> counters;
  View<uint8_t> bytes;
  View<int32_t> descriptors;

  int32_t read() const;
};

}  // namespace

size_t tunQueueBytes() { return sizeof(TunQueue); }

// TUNSETVNETHDRSZ to the size used here, or -errno.
napi_value setVnetHeader(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int size = sizeof(VnetHeader);
  return toResult(env, ioctl(args.integer(0), TUNSETVNETHDRSZ, &size));
}

// TUNSETOFFLOAD: which unfinished frames the kernel may deliver.
napi_value setOffload(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  return toResult(env, ioctl(args.integer(0), TUNSETOFFLOAD, static_cast<unsigned long>(args.word(1))));
}

// As readFrames, with the rest of the last super-frame first. state[kPending] says afterwards whether frames are
// left that the device will not announce again.
int32_t QueueReader::read() const {
  ArenaWriter arena{bytes, descriptors, 0, 0, 0};
  arena.capacity = static_cast<int32_t>(arena.descriptors.length / kDescriptorWords);
  if (queue == nullptr || state.length < kQueueStateWords || counters.length < kQueueCounters || longest <= 0) return -EFAULT;
  if (arena.capacity == 0 || arena.bytes.length > INT32_MAX || !arena.hasRoom(static_cast<size_t>(longest))) return -EFAULT;
  const bool isTap = (state.data[kMode] & kIsTap) != 0;
  const size_t gap = state.data[kGap] > 0 ? static_cast<size_t>(state.data[kGap]) : 0;

  if (state.data[kPending] != 0) state.data[kPending] = cutSegments(queue, &arena, static_cast<uint32_t>(longest), gap, counters.data) ? 1 : 0;
  const size_t direct = kDirectBytes < static_cast<size_t>(longest) ? kDirectBytes : static_cast<size_t>(longest);
  while (state.data[kPending] == 0 && arena.hasRoom(static_cast<size_t>(longest))) {
    VnetHeader vnet{};
    uint8_t* place = arena.place();
    iovec vectors[3] = {{&vnet, sizeof vnet}, {place, direct}, {queue->frame + direct, kMostFrameBytes - direct}};
    const ssize_t result = readv(fd, vectors, 3);
    if (result <= 0) {
      if (result < 0 && errno == EINTR) continue;
      // EIO: the interface is down, which is a normal state with nothing to read.
      if (result == 0 || errno == EAGAIN || errno == EIO || arena.count > 0) break;
      return -errno;
    }
    if (static_cast<size_t>(result) <= sizeof vnet) continue;
    const size_t length = static_cast<size_t>(result) - sizeof vnet;
    if (vnet.gsoType == kGsoNone) {
      const size_t kept = length < static_cast<size_t>(longest) ? length : static_cast<size_t>(longest);
      if (kept > direct) memcpy(place + direct, queue->frame + direct, kept - direct);
      bool isWhole = kept == length;
      if (isWhole && (vnet.flags & kNeedsChecksum) != 0) isWhole = finishChecksum(vnet, place, length);
      arena.commit(kept, isWhole ? kPacketOk : kPacketTruncated);
      continue;
    }
    memcpy(queue->frame, place, length < direct ? length : direct);
    if (length >= kMostFrameBytes || !openSuperFrame(vnet, queue->frame, length, isTap, &queue->rest)) {
      arena.commit(length < direct ? length : direct, kPacketTruncated);
      continue;
    }
    counters.data[kSuperFrames]++;
    state.data[kPending] = cutSegments(queue, &arena, static_cast<uint32_t>(longest), gap, counters.data) ? 1 : 0;
  }
  return arena.count;
}

napi_value readQueue(napi_env env, napi_callback_info info) {
  Arguments<7> args(env, info);
  const QueueReader reader{args.integer(0), args.integer(1), queueOf(args.bytes(2)), args.words(3),
                           args.numbers(4), args.bytes(5),   args.words(6)};
  return toInteger(env, reader.read());
}

int32_t readQueueOrder(const int32_t* order) {
  const QueueReader reader{order[kOrderFd],
                           order[kOrderNumber],
                           queueOf(pinnedView<uint8_t>(order[kOrderQueue], napi_uint8_array)),
                           pinnedView<int32_t>(order[kOrderState], napi_int32_array),
                           pinnedView<double>(order[kOrderCounters], napi_float64_array),
                           pinnedView<uint8_t>(order[kOrderBytes], napi_uint8_array),
                           pinnedView<int32_t>(order[kOrderDescriptors], napi_int32_array)};
  return reader.read();
}

// As writeFrames: returns how many frames the device took, -EFAULT, or the error of a device that is gone.
napi_value writeQueue(napi_env env, napi_callback_info info) {
  Arguments<8> args(env, info);
  const int fd = args.integer(0);
  TunQueue* queue = queueOf(args.bytes(1));
  const View<int32_t> state = args.words(2);
  const View<double> counters = args.numbers(3);
  const View<uint8_t> bytes = args.bytes(4);
  const View<int32_t> descriptors = args.words(5);
  const int32_t first = args.integer(6);
  const int32_t count = args.integer(7);
  if (queue == nullptr || state.length < kQueueStateWords || counters.length < kQueueCounters ||
      !rowsExist(first, count, descriptors.length, kDescriptorWords)) {
    return toInteger(env, -EFAULT);
  }
  const Rows rows{bytes.data, bytes.length, descriptors.data};
  Writer writer{fd, queue, state.data, counters.data, 0, 0};
  for (int32_t row = first; row < first + count; row += kJoinWindow) {
    const int32_t rest = first + count - row;
    const int32_t window = rest < kJoinWindow ? rest : kJoinWindow;
    const int32_t mode = state.data[kMode];
    Joiner* joiner = &queue->joiner;
    joiner->begin((mode & kIsTap) != 0, (mode & kJoinTcp) != 0, (mode & kJoinUdp) != 0);
    for (int32_t i = row; i < row + window; i++) {
      if (!rows.holds(rows.row(i))) return toInteger(env, -EFAULT);
      joiner->add(rows.packet(rows.row(i)), static_cast<size_t>(rows.row(i)[kLength]));
    }
    for (int32_t i = 0; i < joiner->groupCount(); i++) {
      writer.writeGroup(joiner->group(i), rows, row);
      if (writer.gone != 0) return toInteger(env, -writer.gone);
    }
  }
  return toInteger(env, writer.written);
}

}  // namespace tun_native
