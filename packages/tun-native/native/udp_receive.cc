// Datagrams in, many per system call. With UDP_GRO the kernel delivers consecutive datagrams of one sender and one
// size in one piece of up to 64 KiB: each piece stays where it is and becomes as many rows as it has datagrams.
#include "functions.h"
#include "read_order.h"
#include "udp_messages.h"

namespace tun_native {
namespace {

constexpr int32_t kChunk = 64;
// What the kernel may join, with room to spare: its UDP_GRO_CNT_MAX is 64, a sender's UDP_MAX_SEGMENTS 128.
constexpr int32_t kMostJoined = 128;
constexpr size_t kJoinedBytes = 65536;
constexpr size_t kJoinedSlotBytes = kJoinedBytes + kCacheLineBytes;
// Messages that are asked for first: a lonely packet must not pay for the vectors of many.
constexpr size_t kFirstMessages = 4;
// Enough for one burst: what is opened and written together should stay in the second-level cache.
constexpr int32_t kJoinedBurst = 256;

struct Messages {
  mmsghdr headers[kChunk];
  iovec vectors[kChunk];
  SocketAddress addresses[kChunk];
  alignas(cmsghdr) uint8_t controls[kChunk][CMSG_SPACE(sizeof(int))];

  void set(int32_t index, uint8_t* data, size_t length, bool isJoining) {
    vectors[index] = {data, length};
    msghdr& header = headers[index].msg_hdr;
    header.msg_name = &addresses[index];
    header.msg_namelen = sizeof(SocketAddress);
    header.msg_iov = &vectors[index];
    header.msg_iovlen = 1;
    header.msg_control = isJoining ? controls[index] : nullptr;
    header.msg_controllen = isJoining ? sizeof controls[index] : 0;
    header.msg_flags = 0;
    headers[index].msg_len = 0;
  }

  // Bytes of each datagram of a message, 0 when it is one datagram.
  size_t joinedSize(int32_t index) const {
    msghdr* header = const_cast<msghdr*>(&headers[index].msg_hdr);
    for (cmsghdr* control = CMSG_FIRSTHDR(header); control != nullptr; control = CMSG_NXTHDR(header, control)) {
      if (control->cmsg_level != IPPROTO_UDP || control->cmsg_type != kUdpGro) continue;
      int size;
      memcpy(&size, CMSG_DATA(control), sizeof size);
      return size > 0 ? static_cast<size_t>(size) : 0;
    }
    return 0;
  }
};

// Bytes from one slot to the next: an odd number of cache lines, so that the starts of neighbouring slots (where
// the headers are) fall into different sets of the cache.
size_t slotStride(size_t bytes, size_t slots) {
  size_t lines = bytes / slots / kCacheLineBytes;
  if (lines > 1 && lines % 2 == 0) lines--;
  return lines * kCacheLineBytes;
}

struct Receiver {
  View<int32_t> descriptors;
  View<int32_t> endpoints;
  int32_t socketId;
  int32_t capacity;
  int32_t count;

  void addRow(size_t offset, size_t length, int32_t flags, const SocketAddress& address) {
    int32_t* row = descriptors.data + static_cast<size_t>(count) * kDescriptorWords;
    int32_t* endpoint = endpoints.data + static_cast<size_t>(count) * kEndpointWords;
    row[kOffset] = static_cast<int32_t>(offset);
    row[kLength] = static_cast<int32_t>(length);
    row[kFlags] = flags;
    toEndpoint(address, endpoint);
    endpoint[kEndpointSocket] = socketId;
    count++;
  }

  // One message of `length` bytes at `offset`, in datagrams of `size`. Returns the bytes that found no row.
  size_t addJoined(size_t offset, size_t length, size_t size, const SocketAddress& address) {
    const int32_t first = count;
    size_t at = 0;
    while (at < length && count < capacity) {
      const size_t datagram = length - at < size ? length - at : size;
      if (count == first) {
        addRow(offset + at, datagram, kPacketOk, address);
      } else {
        int32_t* row = descriptors.data + static_cast<size_t>(count) * kDescriptorWords;
        row[kOffset] = static_cast<int32_t>(offset + at);
        row[kLength] = static_cast<int32_t>(datagram);
        row[kFlags] = kPacketOk;
        memcpy(endpoints.data + static_cast<size_t>(count) * kEndpointWords, endpoints.data + static_cast<size_t>(first) * kEndpointWords,
               kEndpointWords * sizeof(int32_t));
        count++;
      }
      at += datagram;
    }
    return length - at;
  }
};

// Receives into equal slots of the arena. With `isJoining` (UDP_GRO is set on the socket) a slot takes 64 KiB and
// there must be kMostJoined rows for each slot that is offered to the kernel at once; a call ends after kJoinedBurst
// rows. Returns the number of rows filled, or -errno.
int32_t receive(int fd, Receiver receiver, View<uint8_t> bytes, bool isJoining, View<double> counters) {
  const size_t rows = receiver.descriptors.length / kDescriptorWords;
  const size_t endpointRows = receiver.endpoints.length / kEndpointWords;
  const size_t capacity = rows < endpointRows ? rows : endpointRows;
  if (capacity == 0 || capacity > INT32_MAX || bytes.length > INT32_MAX || counters.length < kSocketCounters) return -EFAULT;
  const size_t slots = isJoining ? bytes.length / kJoinedSlotBytes : capacity;
  const size_t stride = slots == 0 ? 0 : slotStride(bytes.length, slots);
  if (stride == 0 || (isJoining && capacity < kMostJoined)) return -EFAULT;
  receiver.capacity = static_cast<int32_t>(capacity);

  Messages messages;
  size_t slot = 0;
  int pendingErrors = 0;
  while (slot < slots && !(isJoining && receiver.count >= kJoinedBurst)) {
    size_t wanted = slots - slot;
    if (isJoining) {
      const size_t covered = static_cast<size_t>(receiver.capacity - receiver.count) / kMostJoined;
      if (covered < wanted) wanted = covered;
    }
    if (wanted > kChunk) wanted = kChunk;
    if (slot == 0 && wanted > kFirstMessages) wanted = kFirstMessages;
    if (wanted == 0) break;
    for (size_t i = 0; i < wanted; i++) messages.set(static_cast<int32_t>(i), bytes.data + (slot + i) * stride, stride, isJoining);
    const int received = recvmmsg(fd, messages.headers, static_cast<unsigned>(wanted), MSG_DONTWAIT, nullptr);
    if (received < 0) {
      if (errno == EINTR) continue;
      if (isPendingError(errno) && ++pendingErrors < 4) continue;
      // Lack of memory passes; every other error would be met again, so what was received goes first.
      if (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS || isPendingError(errno) || receiver.count > 0) break;
      return -errno;
    }
    for (int32_t i = 0; i < received; i++) {
      const size_t offset = (slot + static_cast<size_t>(i)) * stride;
      const size_t length = messages.headers[i].msg_len;
      const bool isCut = (messages.headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
      const size_t size = isJoining && !isCut ? messages.joinedSize(i) : 0;
      if (size == 0 || size >= length) {
        if (receiver.count < receiver.capacity) receiver.addRow(offset, length, isCut ? kPacketTruncated : kPacketOk, messages.addresses[i]);
        continue;
      }
      const int32_t before = receiver.count;
      const size_t lost = receiver.addJoined(offset, length, size, messages.addresses[i]);
      counters.data[kCoalescedReceives]++;
      counters.data[kCoalescedDatagrams] += receiver.count - before;
      counters.data[kLostDatagrams] += static_cast<double>((lost + size - 1) / size);
    }
    slot += static_cast<size_t>(received);
    if (static_cast<size_t>(received) < wanted) break;
  }
  return receiver.count;
}

}  // namespace

size_t joinedSlotBytes() { return kJoinedSlotBytes; }
int32_t joinedSlotRows() { return kMostJoined; }

napi_value receiveDatagrams(napi_env env, napi_callback_info info) {
  Arguments<7> args(env, info);
  const Receiver receiver{args.words(3), args.words(4), args.integer(1), 0, 0};
  return toInteger(env, receive(args.integer(0), receiver, args.bytes(2), args.integer(5) != 0, args.numbers(6)));
}

int32_t receiveOrder(const int32_t* order) {
  const Receiver receiver{pinnedView<int32_t>(order[kOrderDescriptors], napi_int32_array),
                          pinnedView<int32_t>(order[kOrderEndpoints], napi_int32_array), order[kOrderNumber], 0, 0};
  return receive(order[kOrderFd], receiver, pinnedView<uint8_t>(order[kOrderBytes], napi_uint8_array), order[kOrderJoining] != 0,
                 pinnedView<double>(order[kOrderCounters], napi_float64_array));
}

}  // namespace tun_native
