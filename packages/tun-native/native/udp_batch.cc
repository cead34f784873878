// Datagrams in and out, many per system call. The vectors of mmsghdr live on the stack, filled for 64 datagrams at a
// time: what is filled for one call stays in the first-level cache, and the addon keeps no state between calls.
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "functions.h"
#include "socket_address.h"

namespace tun_native {
namespace {

constexpr int32_t kChunk = 64;
// Longest wait for room in the socket's send buffer, per call of sendDatagrams.
constexpr int kFullWaitMs = 4;

// Indexes of SendError in src/contracts.ts.
enum SendFailure { kFull = 0, kTooBig = 1, kUnreachable = 2, kOther = 3 };

struct Messages {
  mmsghdr headers[kChunk];
  iovec vectors[kChunk];
  SocketAddress addresses[kChunk];

  void set(int32_t index, uint8_t* data, size_t length, socklen_t addressLength) {
    vectors[index] = {data, length};
    msghdr& header = headers[index].msg_hdr;
    header.msg_name = &addresses[index];
    header.msg_namelen = addressLength;
    header.msg_iov = &vectors[index];
    header.msg_iovlen = 1;
    header.msg_control = nullptr;
    header.msg_controllen = 0;
    header.msg_flags = 0;
    headers[index].msg_len = 0;
  }
};

// Errors that an earlier datagram left on the socket; they say nothing about the one that is being moved now.
bool isPendingError(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EPROTO || error == ENOPROTOOPT ||
         error == EHOSTDOWN || error == ENONET || error == EOPNOTSUPP || error == ECONNRESET || error == EMSGSIZE;
}

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

int elapsedMs(const timespec& since) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int>((now.tv_sec - since.tv_sec) * 1000 + (now.tv_nsec - since.tv_nsec) / 1000000);
}

// Bytes from one slot to the next: an odd number of cache lines, so that the starts of neighbouring slots (where
// the headers are) fall into different sets of the cache.
size_t slotStride(size_t bytes, size_t capacity) {
  size_t lines = bytes / capacity / kCacheLineBytes;
  if (lines > 1 && lines % 2 == 0) lines--;
  return lines * kCacheLineBytes;
}

struct Sender {
  int fd;
  int32_t family;
  Rows rows;
  const int32_t* endpoints;
  double* errors;
  int32_t* status;
  timespec fullSince;
  bool waiting;

  void fail(int error, SendFailure kind, int32_t rowCount) {
    errors[kind] += rowCount;
    status[0] = error;
  }

  // Waits for room. False when this call's time for that is over.
  bool waitForRoom(int error) {
    if (!waiting) {
      clock_gettime(CLOCK_MONOTONIC, &fullSince);
      waiting = true;
    }
    const int left = kFullWaitMs - elapsedMs(fullSince);
    if (left <= 0) return false;
    if (error == EAGAIN) {
      pollfd request{fd, POLLOUT, 0};
      poll(&request, 1, left);
    } else {
      // ENOBUFS comes from below the socket, which stays writable all the time.
      const timespec pause{0, 500000};
      nanosleep(&pause, nullptr);
    }
    return true;
  }

  // Sends prepared messages [0, count) in order. Returns how many left, or -1 when the time for waiting is over.
  int32_t sendAll(Messages& messages, int32_t count) {
    int32_t sent = 0;
    int32_t at = 0;
    int32_t retried = -1;
    while (at < count) {
      const int result = sendmmsg(fd, messages.headers + at, static_cast<unsigned>(count - at), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (result > 0) {
        sent += result;
        at += result;
        continue;
      }
      const int error = result < 0 ? errno : EIO;
      if (error == EINTR) continue;
      if (error == EAGAIN || error == ENOBUFS || error == ENOMEM) {
        if (waitForRoom(error)) continue;
        fail(error, kFull, count - at);
        return sent;
      }
      if (retried != at && isPendingError(error)) {
        retried = at;
        continue;
      }
      fail(error, classify(error), 1);
      at++;
    }
    return sent;
  }
};

}  // namespace

// Receives into equal slots of the arena. Returns the number of rows filled, or -errno.
napi_value receiveDatagrams(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  const int fd = args.integer(0);
  const int32_t socketId = args.integer(1);
  const View<uint8_t> bytes = args.bytes(2);
  const View<int32_t> descriptors = args.words(3);
  const View<int32_t> endpoints = args.words(4);
  const size_t rows = descriptors.length / kDescriptorWords;
  const size_t endpointRows = endpoints.length / kEndpointWords;
  const size_t capacity = rows < endpointRows ? rows : endpointRows;
  if (capacity == 0 || capacity > INT32_MAX || bytes.length > INT32_MAX) return toInteger(env, -EFAULT);
  const size_t stride = slotStride(bytes.length, capacity);
  if (stride == 0) return toInteger(env, -EFAULT);

  Messages messages;
  int32_t total = 0;
  int pendingErrors = 0;
  while (static_cast<size_t>(total) < capacity) {
    const size_t left = capacity - static_cast<size_t>(total);
    const int32_t wanted = left < kChunk ? static_cast<int32_t>(left) : kChunk;
    for (int32_t i = 0; i < wanted; i++) {
      messages.set(i, bytes.data + static_cast<size_t>(total + i) * stride, stride, sizeof(SocketAddress));
    }
    const int received = recvmmsg(fd, messages.headers, static_cast<unsigned>(wanted), MSG_DONTWAIT, nullptr);
    if (received < 0) {
      if (errno == EINTR) continue;
      if (isPendingError(errno) && ++pendingErrors < 4) continue;
      // Lack of memory passes; every other error would be met again, so what was received goes first.
      if (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS || isPendingError(errno) || total > 0) break;
      return toInteger(env, -errno);
    }
    for (int32_t i = 0; i < received; i++) {
      int32_t* row = descriptors.data + static_cast<size_t>(total + i) * kDescriptorWords;
      int32_t* endpoint = endpoints.data + static_cast<size_t>(total + i) * kEndpointWords;
      row[kOffset] = static_cast<int32_t>(static_cast<size_t>(total + i) * stride);
      row[kLength] = static_cast<int32_t>(messages.headers[i].msg_len);
      row[kFlags] = (messages.headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0 ? kPacketTruncated : kPacketOk;
      toEndpoint(messages.addresses[i], endpoint);
      endpoint[kEndpointSocket] = socketId;
    }
    total += received;
    if (received < wanted) break;
  }
  return toInteger(env, total);
}

// Sends rows [first, first + count) to their endpoints. Returns how many left; the others are counted in `errors`
// by SendFailure and the last errno goes to status[0]. -EFAULT for rows outside the arena: nothing was sent then.
napi_value sendDatagrams(napi_env env, napi_callback_info info) {
  Arguments<9> args(env, info);
  const View<uint8_t> bytes = args.bytes(2);
  const View<int32_t> descriptors = args.words(3);
  const View<int32_t> endpoints = args.words(4);
  const int32_t first = args.integer(5);
  const int32_t count = args.integer(6);
  const View<double> errors = args.numbers(7);
  const View<int32_t> status = args.words(8);
  if (errors.length < 4 || status.length < 1 || !rowsExist(first, count, descriptors.length, kDescriptorWords) ||
      !rowsExist(first, count, endpoints.length, kEndpointWords)) {
    return toInteger(env, -EFAULT);
  }
  Sender sender{args.integer(0), args.integer(1), {bytes.data, bytes.length, descriptors.data}, endpoints.data, errors.data, status.data, {0, 0}, false};
  for (int32_t i = first; i < first + count; i++) {
    if (!sender.rows.holds(sender.rows.row(i))) return toInteger(env, -EFAULT);
  }

  Messages messages;
  int32_t sent = 0;
  int32_t prepared = 0;
  for (int32_t i = first; i < first + count; i++) {
    const int32_t* row = sender.rows.row(i);
    const int32_t* endpoint = sender.endpoints + static_cast<size_t>(i) * kEndpointWords;
    const socklen_t length = fromEndpoint(endpoint, sender.family, &messages.addresses[prepared]);
    if (length == 0) {
      sender.fail(EAFNOSUPPORT, kOther, 1);
    } else {
      messages.set(prepared++, sender.rows.packet(row), static_cast<size_t>(row[kLength]), length);
    }
    if (prepared == kChunk || (i + 1 == first + count && prepared > 0)) {
      sent += sender.sendAll(messages, prepared);
      prepared = 0;
    }
  }
  return toInteger(env, sent);
}

}  // namespace tun_native
