// poll(2) over one doorbell and up to 30 sources: what a data-plane thread blocks in.
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "functions.h"

namespace tun_native {
namespace {

constexpr size_t kMostSources = 30;
constexpr size_t kWordsPerRow = 2;

int64_t monotonicMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

// A UDP socket reports POLLERR for an error that an earlier datagram caused: reading SO_ERROR clears it. A
// descriptor that is no socket (a deleted TUN device) has no such excuse.
bool clearSocketError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0;
}

}  // namespace

// Rows of (descriptor, revents); row 0 is the eventfd, row i + 1 is source i. Returns the bit set of readable
// sources, -errno of poll itself, or -EIO when a source is gone: its revents are in the table then.
napi_value pollDescriptors(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const View<int32_t> table = args.words(0);
  const int timeout = args.integer(1);
  const size_t rows = table.length / kWordsPerRow;
  if (rows == 0 || rows > kMostSources + 1) return toInteger(env, -EINVAL);

  pollfd requests[kMostSources + 1];
  for (size_t i = 0; i < rows; i++) requests[i] = {table.data[i * kWordsPerRow], POLLIN, 0};
  const int64_t end = timeout > 0 ? monotonicMs() + timeout : 0;
  int ready;
  int left = timeout;
  while ((ready = poll(requests, rows, left)) < 0 && errno == EINTR) {
    if (timeout <= 0) continue;
    const int64_t rest = end - monotonicMs();
    left = rest > 0 ? static_cast<int>(rest) : 0;
  }
  if (ready < 0) return toInteger(env, -errno);
  if (ready == 0) return toInteger(env, 0);

  if ((requests[0].revents & POLLIN) != 0) {
    uint64_t count;
    if (read(requests[0].fd, &count, sizeof count) < 0 && errno != EAGAIN) return toInteger(env, -errno);
  }
  int32_t readable = 0;
  bool gone = (requests[0].revents & ~POLLIN) != 0;
  for (size_t i = 0; i < rows; i++) {
    const short events = requests[i].revents;
    table.data[i * kWordsPerRow + 1] = events;
    if (i == 0 || events == 0) continue;
    if ((events & POLLIN) != 0) readable |= 1 << (i - 1);
    if ((events & (POLLNVAL | POLLHUP)) != 0) gone = true;
    if ((events & POLLERR) != 0 && !clearSocketError(requests[i].fd)) gone = true;
  }
  return toInteger(env, gone ? -EIO : readable);
}

}  // namespace tun_native
