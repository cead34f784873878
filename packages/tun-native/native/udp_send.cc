// Datagrams out, many per system call. With UDP_SEGMENT consecutive rows of one destination and one size (the last
// may be shorter) leave as one message that the kernel, or the network card, cuts.
#include <poll.h>
#include <time.h>

#include "call.h"
#include "functions.h"
#include "udp_messages.h"

namespace tun_native {
namespace {

constexpr int32_t kChunk = 128;
// Longest wait for room in the socket's send buffer, per call of sendDatagrams.
constexpr int kFullWaitMs = 4;
// What every kernel with UDP_SEGMENT takes: its UDP_MAX_SEGMENTS was 64 first, and an IP packet has 65,535 bytes.
constexpr int32_t kMostSegments = 64;
constexpr size_t kMostSegmentedBytes = 65000;
// A destination whose path was too narrow is tried again after this time: paths change, and routes forget.
constexpr int64_t kNarrowMs = 60000;
constexpr size_t kNarrowPaths = 64;

// Indexes of SendError in src/contracts.ts.
enum SendFailure { kFull = 0, kTooBig = 1, kUnreachable = 2, kOther = 3 };

// Words of `state`, shared with src/udp-socket.ts; the table of narrow paths follows.
enum SocketState { kLastErrno = 0, kSegmenting = 1, kNarrowCount = 2, kSocketStateWords = 4 };

// Datagrams of `bytes` and more to this address go alone until the time is over.
struct NarrowPath {
  int32_t address[4];
  int32_t bytes;
  int32_t untilSecond;
};
constexpr size_t kNarrowPathWords = sizeof(NarrowPath) / sizeof(int32_t);

struct Messages {
  mmsghdr headers[kChunk];
  SocketAddress addresses[kChunk];
  iovec vectors[kChunk];
  int32_t firstRow[kChunk];
  int32_t rowCount[kChunk];
  alignas(cmsghdr) uint8_t controls[kChunk][CMSG_SPACE(sizeof(uint16_t))];

  // Message `index` of the rows whose `vectorCount` vectors begin at `vector`.
  void set(int32_t index, int32_t vector, int32_t vectorCount, int32_t row, int32_t rows, socklen_t addressLength, size_t segment) {
    msghdr& header = headers[index].msg_hdr;
    header.msg_name = &addresses[index];
    header.msg_namelen = addressLength;
    header.msg_iov = &vectors[vector];
    header.msg_iovlen = static_cast<size_t>(vectorCount);
    header.msg_control = nullptr;
    header.msg_controllen = 0;
    header.msg_flags = 0;
    headers[index].msg_len = 0;
    firstRow[index] = row;
    rowCount[index] = rows;
    if (rows == 1) return;
    header.msg_control = controls[index];
    header.msg_controllen = sizeof controls[index];
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = kUdpSegment;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const uint16_t size = static_cast<uint16_t>(segment);
    memcpy(CMSG_DATA(control), &size, sizeof size);
  }
};

SendFailure classify(int error) {
  switch (error) {
    case EMSGSIZE:
      return kTooBig;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ECONNREFUSED:
    case EADDRNOTAVAIL:
    case ENONET:
    case ENODEV:
      return kUnreachable;
    default:
      return kOther;
  }
}

int64_t monotonicMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

struct Sender {
  int fd;
  int32_t family;
  Rows rows;
  const int32_t* endpoints;
  double* errors;
  int32_t* state;
  NarrowPath* paths;
  double* counters;
  int64_t fullSinceMs;
  bool waiting;

  const int32_t* endpoint(int32_t row) const { return endpoints + static_cast<size_t>(row) * kEndpointWords; }
  int32_t lengthOf(int32_t row) const { return rows.row(row)[kLength]; }

  void fail(int error, SendFailure kind, int32_t rowCount) {
    errors[kind] += rowCount;
    state[kLastErrno] = error;
  }

  // Waits for room. False when this call's time for that is over.
  bool waitForRoom(int error) {
    if (!waiting) {
      fullSinceMs = monotonicMs();
      waiting = true;
    }
    const int64_t left = kFullWaitMs - (monotonicMs() - fullSinceMs);
    if (left <= 0) return false;
    if (error == EAGAIN) {
      pollfd request{fd, POLLOUT, 0};
      poll(&request, 1, static_cast<int>(left));
    } else {
      // ENOBUFS comes from below the socket, which stays writable all the time.
      const timespec pause{0, 500000};
      nanosleep(&pause, nullptr);
    }
    return true;
  }

  NarrowPath* pathOf(const int32_t* endpointRow) const {
    const int32_t* address = endpointRow + kEndpointAddress;
    const uint32_t hash = static_cast<uint32_t>(address[0] ^ address[1] ^ address[2] ^ address[3]) * 0x9e3779b1u;
    return &paths[hash >> 16 & (kNarrowPaths - 1)];
  }

  // Whether datagrams of this size may not leave for this destination in one message.
  bool isNarrow(const int32_t* endpointRow, int32_t bytes) {
    if (state[kNarrowCount] == 0) return false;
    NarrowPath* path = pathOf(endpointRow);
    if (path->bytes == 0 || bytes < path->bytes || memcmp(path->address, endpointRow + kEndpointAddress, sizeof path->address) != 0) {
      return false;
    }
    if (monotonicMs() / 1000 < path->untilSecond) return true;
    path->bytes = 0;
    state[kNarrowCount]--;
    return false;
  }

  void noteNarrow(const int32_t* endpointRow, int32_t bytes) {
    NarrowPath* path = pathOf(endpointRow);
    if (path->bytes == 0) state[kNarrowCount]++;
    memcpy(path->address, endpointRow + kEndpointAddress, sizeof path->address);
    path->bytes = bytes;
    path->untilSecond = static_cast<int32_t>((monotonicMs() + kNarrowMs) / 1000);
  }

  // How many rows from `row` on may leave as one message.
  int32_t runLength(int32_t row, int32_t end) {
    const int32_t segment = lengthOf(row);
    const int32_t* target = endpoint(row);
    if (state[kSegmenting] == 0 || segment == 0 || row + 1 >= end || isNarrow(target, segment)) return 1;
    size_t total = static_cast<size_t>(segment);
    int32_t next = row + 1;
    while (next < end && next - row < kMostSegments) {
      const int32_t length = lengthOf(next);
      const int32_t* other = endpoint(next);
      if (length == 0 || length > segment || total + static_cast<size_t>(length) > kMostSegmentedBytes) break;
      if (memcmp(target, other, kEndpointSocket * sizeof(int32_t)) != 0) break;
      if (memcmp(target + kEndpointAddress, other + kEndpointAddress, 4 * sizeof(int32_t)) != 0) break;
      total += static_cast<size_t>(length);
      next++;
      if (length < segment) break;
    }
    return next - row;
  }

  // The kernel took no segmented message: too long for the path (EMSGSIZE, EINVAL from older ones), or a device or a
  // transformation that cannot (EIO). Its rows go one by one, and so do those that would meet the same.
  bool isRefusal(int error, int32_t row) {
    if (error != EMSGSIZE && error != EINVAL && error != EIO) return false;
    counters[kRefusedSends]++;
    if (error == EIO) state[kSegmenting] = 0;
    else noteNarrow(endpoint(row), lengthOf(row));
    return true;
  }

  // Sends prepared messages [0, count) in order. Returns how many rows left.
  int32_t sendMessages(Messages* messages, int32_t count) {
    int32_t sent = 0;
    int32_t at = 0;
    int32_t retried = -1;
    while (at < count) {
      const int result = sendmmsg(fd, messages->headers + at, static_cast<unsigned>(count - at), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (result > 0) {
        for (const int32_t end = at + result; at < end; at++) {
          sent += messages->rowCount[at];
          if (messages->rowCount[at] == 1) continue;
          counters[kSegmentedSends]++;
          counters[kSegmentedDatagrams] += messages->rowCount[at];
        }
        continue;
      }
      const int error = result < 0 ? errno : EIO;
      if (error == EINTR) continue;
      if (error == EAGAIN || error == ENOBUFS || error == ENOMEM) {
        if (waitForRoom(error)) continue;
        for (; at < count; at++) fail(error, kFull, messages->rowCount[at]);
        return sent;
      }
      const int32_t rowCount = messages->rowCount[at];
      const int32_t firstRow = messages->firstRow[at];
      if (rowCount > 1 && isRefusal(error, firstRow)) {
        sent += sendRows(firstRow, rowCount, false);
        at++;
        continue;
      }
      if (retried != at && isPendingError(error)) {
        retried = at;
        continue;
      }
      fail(error, classify(error), rowCount);
      at++;
    }
    return sent;
  }

  int32_t sendRows(int32_t first, int32_t count, bool maySegment) {
    Messages messages;
    int32_t sent = 0;
    int32_t prepared = 0;
    int32_t vectors = 0;
    const int32_t end = first + count;
    for (int32_t row = first; row < end;) {
      if (vectors == kChunk) {
        sent += sendMessages(&messages, prepared);
        prepared = 0;
        vectors = 0;
      }
      const socklen_t addressLength = fromEndpoint(endpoint(row), family, &messages.addresses[prepared]);
      if (addressLength == 0) {
        fail(EAFNOSUPPORT, kOther, 1);
        row++;
        continue;
      }
      const int32_t run = maySegment ? runLength(row, row + (kMostSegments < end - row ? kMostSegments : end - row)) : 1;
      if (vectors + run > kChunk) {
        sent += sendMessages(&messages, prepared);
        prepared = 0;
        vectors = 0;
        continue;
      }
      const int32_t firstVector = vectors;
      for (int32_t i = 0; i < run; i++) {
        uint8_t* packet = rows.packet(rows.row(row + i));
        const size_t length = static_cast<size_t>(lengthOf(row + i));
        // one that begins where the one before ends needs no vector of its own: the kernel checks and copies each by itself
        iovec* before = i > 0 ? &messages.vectors[vectors - 1] : nullptr;
        if (before != nullptr && static_cast<uint8_t*>(before->iov_base) + before->iov_len == packet) before->iov_len += length;
        else messages.vectors[vectors++] = {packet, length};
      }
      messages.set(prepared++, firstVector, vectors - firstVector, row, run, addressLength, static_cast<size_t>(lengthOf(row)));
      row += run;
    }
    return prepared == 0 ? sent : sent + sendMessages(&messages, prepared);
  }
};

}  // namespace

size_t socketStateWords() { return kSocketStateWords + kNarrowPaths * kNarrowPathWords; }

// Sends rows [first, first + count) to their endpoints. Returns how many left; the others are counted in `errors`
// by SendFailure and the last errno goes to the state. -EFAULT for rows outside the arena: nothing was sent then.
napi_value sendDatagrams(napi_env, napi_callback_info) {
  const Call args;
  const View<uint8_t> bytes = args.bytes(2);
  const View<int32_t> descriptors = args.words(3);
  const View<int32_t> endpoints = args.words(4);
  const int32_t first = args.integer(5);
  const int32_t count = args.integer(6);
  const View<double> errors = args.numbers(7);
  const View<int32_t> state = args.words(8);
  const View<double> counters = args.numbers(9);
  if (errors.length < 4 || state.length < socketStateWords() || counters.length < kSocketCounters ||
      !rowsExist(first, count, descriptors.length, kDescriptorWords) || !rowsExist(first, count, endpoints.length, kEndpointWords)) {
    return args.end(-EFAULT);
  }
  Sender sender{args.integer(0), args.integer(1), {bytes.data, bytes.length, descriptors.data}, endpoints.data, errors.data, state.data,
                reinterpret_cast<NarrowPath*>(state.data + kSocketStateWords), counters.data, 0, false};
  for (int32_t i = first; i < first + count; i++) {
    if (!sender.rows.holds(sender.rows.row(i))) return args.end(-EFAULT);
  }
  return args.end(sender.sendRows(first, count, true));
}

}  // namespace tun_native
