// poll(2) over one doorbell and up to 30 sources: what a data-plane thread blocks in.
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "functions.h"
#include "idle_watch.h"
#include "read_order.h"

namespace tun_native {
namespace {

constexpr size_t kMostSources = 30;
constexpr size_t kWordsPerRow = 2;
// Rows of the table behind the sources: the outcome, and the descriptor of /proc/uptime.
constexpr size_t kRowsBehind = 2;
// Numbers of the clock, shared with src/poller.ts: the time of the end, and an IdleWatch.
constexpr size_t kClockNumbers = 4;
// Instead of a time to look, shared with src/poller.ts.
constexpr int kGiveWay = -1;

// Who keeps the processor for so long computes and does not wait for what this thread does next.
constexpr int64_t kLongTurnNs = 2000000;

// The outcome, shared with src/poller.ts: whether the signal rang, and whether somebody else kept the processor during the look.
enum Outcome { kNotWoken = 0, kWoken = 1 };
enum Look { kInTime = 0, kCrowded = 1 };

int64_t monotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

int64_t monotonicMs() { return monotonicNs() / 1000000; }

// Looks again and again instead of sleeping: being woken costs both sides more than a few looks. Others who could use
// the processor go first, with kGiveWay even if there is something already; `outcome` tells whether they kept it for long.
// On a busy machine it looks once: whoever is to take the last packet may be waiting for this processor.
int look(pollfd* requests, size_t rows, int64_t longestNs, int32_t& outcome, IdleWatch* watch, int uptimeFile) {
  int ready = longestNs == kGiveWay ? 0 : poll(requests, rows, 0);
  if (ready == 0 && longestNs != 0) {
    int64_t now = monotonicNs();
    if (longestNs != kGiveWay && watch->isMachineBusy(uptimeFile, static_cast<double>(now) / 1e6)) return 0;
    const int64_t end = now + longestNs;
    do {
      const int64_t before = now;
      sched_yield();
      ready = poll(requests, rows, 0);
      now = monotonicNs();
      if (now - before > kLongTurnNs) outcome = kCrowded;
    } while (ready == 0 && now < end);
  }
  return ready < 0 && errno == EINTR ? 0 : ready;
}

// Sleeps for up to `timeout` milliseconds, for ever if it is negative.
int sleepUntilReady(pollfd* requests, size_t rows, int timeout) {
  const int64_t end = timeout > 0 ? monotonicMs() + timeout : 0;
  int left = timeout;
  int ready;
  while ((ready = poll(requests, rows, left)) < 0 && errno == EINTR) {
    if (timeout < 0) continue;
    const int64_t rest = end - monotonicMs();
    left = rest > 0 ? static_cast<int>(rest) : 0;
  }
  return ready;
}

// A UDP socket reports POLLERR for an error that an earlier datagram caused: reading SO_ERROR clears it. A
// descriptor that is no socket (a deleted TUN device) has no such excuse.
bool clearSocketError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0;
}

// Follows the order of a source, if it has one.
void readNow(int32_t number) {
  const View<int32_t> order = pinnedView<int32_t>(number, napi_int32_array);
  if (order.length < kOrderWords) return;
  int32_t result;
  switch (order.data[kOrderKind]) {
    case kReadQueue:
      result = readQueueOrder(order.data);
      break;
    case kReceiveDatagrams:
      result = receiveOrder(order.data);
      break;
    default:
      return;
  }
  order.data[kOrderResult] = result < 0 ? result : result + 1;
}

}  // namespace

// Rows of (descriptor, revents); row 0 is the eventfd, row i + 1 is source i; kRowsBehind more. With a time-out of 0 it looks
// for up to `lookNs` nanoseconds, or once behind others (kGiveWay), else it sleeps. `clock` takes the time of the end, in
// milliseconds. Returns the bit set of readable sources, -errno of poll itself, or -EIO when a source is gone: its revents are
// in the table then.
napi_value pollDescriptors(napi_env, napi_callback_info) {
  const Call args;
  const View<int32_t> table = args.words(0);
  const int timeout = args.integer(1);
  const int lookNs = args.integer(2);
  const View<double> clock = args.numbers(3);
  const View<int32_t> orders = args.words(4);
  const size_t rows = table.length / kWordsPerRow - kRowsBehind;
  if (clock.length < kClockNumbers || table.length < (1 + kRowsBehind) * kWordsPerRow || rows > kMostSources + 1) {
    return args.end(-EINVAL);
  }
  int32_t& outcome = table.data[rows * kWordsPerRow];
  int32_t& lookOutcome = table.data[rows * kWordsPerRow + 1];
  const int uptimeFile = table.data[(rows + 1) * kWordsPerRow];
  IdleWatch* watch = reinterpret_cast<IdleWatch*>(clock.data + 1);
  outcome = kNotWoken;
  lookOutcome = kInTime;

  pollfd requests[kMostSources + 1];
  for (size_t i = 0; i < rows; i++) requests[i] = {table.data[i * kWordsPerRow], POLLIN, 0};
  const int ready = timeout == 0 ? look(requests, rows, lookNs, lookOutcome, watch, uptimeFile) : sleepUntilReady(requests, rows, timeout);
  if (ready < 0) return args.end(-errno);
  clock.data[0] = static_cast<double>(monotonicNs()) / 1e6;
  if (ready == 0) return args.end(0);

  if ((requests[0].revents & POLLIN) != 0) {
    uint64_t count;
    if (read(requests[0].fd, &count, sizeof count) < 0 && errno != EAGAIN) return args.end(-errno);
    outcome = kWoken;
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
  if (gone) return args.end(-EIO);
  const size_t first = static_cast<size_t>(__builtin_ctz(static_cast<uint32_t>(readable) | 1u << 31));
  if (first < orders.length && orders.data[first] != 0) readNow(orders.data[first]);
  return args.end(readable);
}

}  // namespace tun_native
