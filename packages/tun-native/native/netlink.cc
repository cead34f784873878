// One rtnetlink request and its complete answer. Messages are built and read in TypeScript; here is only the socket.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "functions.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

namespace tun_native {
namespace {

constexpr size_t kReceiveBytes = 64 * 1024;
constexpr size_t kMostBytes = 256 * 1024 * 1024;

struct Answer {
  uint8_t* bytes;
  size_t length;
  size_t capacity;

  bool reserve(size_t more) {
    if (capacity - length >= more) return true;
    const size_t grown = (length + more) * 2;
    if (grown > kMostBytes) return false;
    uint8_t* moved = static_cast<uint8_t*>(realloc(bytes, grown));
    if (moved == nullptr) return false;
    bytes = moved;
    capacity = grown;
    return true;
  }
};

// Whether the datagram ends the answer to `sequence`: an acknowledgement, an error, or the end of a dump.
bool endsAnswer(const uint8_t* bytes, size_t length, uint32_t sequence) {
  size_t at = 0;
  while (length - at >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    memcpy(&header, bytes + at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > length - at) return true;
    if (header.nlmsg_seq == sequence && (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE)) return true;
    const size_t aligned = NLMSG_ALIGN(header.nlmsg_len);
    if (aligned >= length - at) break;
    at += aligned;
  }
  return false;
}

// 0 or errno.
int exchange(int fd, const View<uint8_t>& request, Answer* answer) {
  const int on = 1;
  const timeval limit{5, 0};
  // Both are refinements: the kernel's own text for an error, and filtered dumps. Old kernels do without.
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_nl kernel;
  memset(&kernel, 0, sizeof kernel);
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd, request.data, request.length, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0) return errno;
  nlmsghdr header;
  memcpy(&header, request.data, sizeof header);
  for (;;) {
    if (!answer->reserve(kReceiveBytes)) return ENOMEM;
    sockaddr_nl from;
    socklen_t fromLength = sizeof from;
    uint8_t* at = answer->bytes + answer->length;
    const ssize_t length = recvfrom(fd, at, kReceiveBytes, MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &fromLength);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno == EAGAIN ? ETIMEDOUT : errno;
    if (static_cast<size_t>(length) > kReceiveBytes) return EMSGSIZE;
    if (from.nl_pid != 0) continue;
    answer->length += static_cast<size_t>(length);
    if (endsAnswer(at, static_cast<size_t>(length), header.nlmsg_seq)) return 0;
  }
}

}  // namespace

// The answer's bytes as an ArrayBuffer, or -errno.
napi_value netlinkRequest(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const View<uint8_t> request = args.bytes(0);
  if (request.length < sizeof(nlmsghdr)) return toInteger(env, -EINVAL);
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return toInteger(env, -errno);
  Answer answer{nullptr, 0, 0};
  const int error = exchange(fd, request, &answer);
  close(fd);
  napi_value result = nullptr;
  if (error != 0) {
    result = toInteger(env, -error);
  } else {
    void* data = nullptr;
    if (napi_create_arraybuffer(env, answer.length, &data, &result) != napi_ok) {
      result = toInteger(env, -ENOMEM);
    } else {
      memcpy(data, answer.bytes, answer.length);
    }
  }
  free(answer.bytes);
  return result;
}

napi_value interfaceIndex(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  char name[IF_NAMESIZE];
  if (!args.text(0, name, sizeof name)) return toInteger(env, -ENODEV);
  const unsigned index = if_nametoindex(name);
  return toInteger(env, index == 0 ? -errno : static_cast<int32_t>(index));
}

}  // namespace tun_native
