// TUN and TAP: configuring the descriptor of /dev/net/tun, and frames in and out in batches.
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "functions.h"
#include "packet_batch.h"

namespace tun_native {

// TUNSETIFF. Returns the interface name that the kernel chose, or -errno.
napi_value setInterface(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  ifreq request;
  memset(&request, 0, sizeof request);
  if (!args.text(1, request.ifr_name, IFNAMSIZ)) return toInteger(env, -ENAMETOOLONG);
  request.ifr_flags = static_cast<short>(args.integer(2));
  if (ioctl(args.integer(0), TUNSETIFF, &request) < 0) return toInteger(env, -errno);
  request.ifr_name[IFNAMSIZ - 1] = 0;
  return toText(env, request.ifr_name);
}

// Frames one behind the other, each at headroom bytes after a cache line, until the device is drained, the table is
// full or the room left could cut a frame. The kernel cuts a frame to the buffer without saying so, so one byte
// more than wanted is offered (it lies in the tailroom): a read of that many bytes means that the frame was longer.
napi_value readFrames(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  const int fd = args.integer(0);
  const int32_t longest = args.integer(1);
  const View<uint8_t> bytes = args.bytes(2);
  const View<int32_t> descriptors = args.words(3);
  if (longest <= 0) return toInteger(env, -EFAULT);
  const size_t room = kHeadroomBytes + static_cast<size_t>(longest) + kTailroomBytes;
  if (bytes.length < room || bytes.length > INT32_MAX || descriptors.length < kDescriptorWords) return toInteger(env, -EFAULT);
  const int32_t capacity = static_cast<int32_t>(descriptors.length / kDescriptorWords);

  int32_t count = 0;
  size_t start = 0;
  while (count < capacity && start + room <= bytes.length) {
    const size_t offset = start + kHeadroomBytes;
    const ssize_t length = read(fd, bytes.data + offset, static_cast<size_t>(longest) + 1);
    if (length <= 0) {
      if (length < 0 && errno == EINTR) continue;
      // EIO: the interface is down, which is a normal state with nothing to read.
      if (length == 0 || errno == EAGAIN || errno == EIO) break;
      // The frames read so far come first; the next call meets the same error again.
      if (count > 0) break;
      return toInteger(env, -errno);
    }
    int32_t* row = descriptors.data + static_cast<size_t>(count) * kDescriptorWords;
    const bool cut = length > longest;
    row[kOffset] = static_cast<int32_t>(offset);
    row[kLength] = cut ? longest : static_cast<int32_t>(length);
    row[kFlags] = cut ? kPacketTruncated : kPacketOk;
    count++;
    start = (offset + static_cast<size_t>(row[kLength]) + kTailroomBytes + kCacheLineBytes - 1) & ~(kCacheLineBytes - 1);
  }
  return toInteger(env, count);
}

// Returns how many frames the kernel took; -EFAULT for rows outside the arena, -EBADFD or -EBADF when the device is
// gone. The last refusal's errno goes to status[0].
napi_value writeFrames(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  const int fd = args.integer(0);
  const View<uint8_t> bytes = args.bytes(1);
  const View<int32_t> descriptors = args.words(2);
  const int32_t first = args.integer(3);
  const int32_t count = args.integer(4);
  const View<int32_t> status = args.words(5);
  if (status.length < 1 || !rowsExist(first, count, descriptors.length, kDescriptorWords)) return toInteger(env, -EFAULT);
  const Rows rows{bytes.data, bytes.length, descriptors.data};

  int32_t written = 0;
  for (int32_t i = first; i < first + count; i++) {
    const int32_t* row = rows.row(i);
    if (!rows.holds(row)) return toInteger(env, -EFAULT);
    ssize_t result;
    do {
      result = write(fd, rows.packet(row), static_cast<size_t>(row[kLength]));
    } while (result < 0 && errno == EINTR);
    if (result >= 0) {
      written++;
    } else if (errno == EBADFD || errno == EBADF) {
      return toInteger(env, -errno);
    } else {
      status.data[0] = errno;
    }
  }
  return toInteger(env, written);
}

// One frame into a buffer: its length, 0 when there is none (drained or interface down), or -errno.
napi_value readFrame(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const View<uint8_t> bytes = args.bytes(1);
  ssize_t length;
  do {
    length = read(args.integer(0), bytes.data, bytes.length);
  } while (length < 0 && errno == EINTR);
  if (length < 0 && (errno == EAGAIN || errno == EIO)) return toInteger(env, 0);
  return toResult(env, length);
}

napi_value writeFrame(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const View<uint8_t> bytes = args.bytes(1);
  ssize_t written;
  do {
    written = write(args.integer(0), bytes.data, bytes.length);
  } while (written < 0 && errno == EINTR);
  return toResult(env, written);
}

}  // namespace tun_native
