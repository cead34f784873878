// What only those need who look for their peer: connecting late, ICMP errors with the packet that caused them, a look at
// a datagram that stays in the queue.
#include <time.h>
// needs timespec
#include <linux/errqueue.h>
#include <sys/socket.h>

#include "functions.h"
#include "udp_messages.h"

namespace tun_native {
namespace {

// Words of a report: these, then the endpoint that it is about and the endpoint of who sent it.
enum Report { kErrno = 0, kOrigin = 1, kType = 2, kCode = 3, kReportLength = 4, kReportWords = 8 };
constexpr size_t kAllReportWords = kReportWords + 2 * kEndpointWords;

bool isReport(const cmsghdr* control) {
  return (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR) ||
         (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR);
}

}  // namespace

// connect(2) to the address of one endpoint row.
napi_value connectSocket(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const View<int32_t> endpoint = args.words(1);
  SocketAddress address;
  if (endpoint.length < kEndpointWords) return toInteger(env, -EFAULT);
  const socklen_t length = fromEndpoint(endpoint.data, endpoint.data[kEndpointFamily], &address);
  if (length == 0) return toInteger(env, -EAFNOSUPPORT);
  return toResult(env, connect(args.integer(0), &address.any, length));
}

// Takes one report from the queue of errors; IP_RECVERR or IPV6_RECVERR must be set. `bytes` gets the beginning of the
// packet's payload as far as it came back. Returns 1, 0 when there is none, or -errno.
napi_value receiveErrorReport(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  const int fd = args.integer(0);
  const View<uint8_t> bytes = args.bytes(1);
  const View<int32_t> words = args.words(2);
  if (words.length < kAllReportWords || bytes.length == 0) return toInteger(env, -EFAULT);
  SocketAddress target = {};
  alignas(cmsghdr) uint8_t controls[256];
  iovec vector{bytes.data, bytes.length};
  msghdr header = {};
  header.msg_name = &target;
  header.msg_namelen = sizeof target;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = controls;
  header.msg_controllen = sizeof controls;
  ssize_t length;
  do {
    length = recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
  } while (length < 0 && errno == EINTR);
  if (length < 0) return toInteger(env, errno == EAGAIN ? 0 : -errno);
  memset(words.data, 0, kAllReportWords * sizeof(int32_t));
  words.data[kReportLength] = static_cast<int32_t>(length);
  toEndpoint(target, words.data + kReportWords);
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (!isReport(control) || control->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
    sock_extended_err report;
    memcpy(&report, CMSG_DATA(control), sizeof report);
    words.data[kErrno] = static_cast<int32_t>(report.ee_errno);
    words.data[kOrigin] = report.ee_origin;
    words.data[kType] = report.ee_type;
    words.data[kCode] = report.ee_code;
    SocketAddress offender = {};
    const size_t room = control->cmsg_len - CMSG_LEN(sizeof report);
    memcpy(&offender, CMSG_DATA(control) + sizeof report, room < sizeof offender ? room : sizeof offender);
    toEndpoint(offender, words.data + kReportWords + kEndpointWords);
  }
  return toInteger(env, 1);
}

// Copies the beginning of the next datagram and leaves it in the queue. Returns its whole length, or -errno; -EAGAIN
// when there is none.
napi_value peekDatagram(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const View<uint8_t> bytes = args.bytes(1);
  int pendingErrors = 0;
  for (;;) {
    const ssize_t length = recv(args.integer(0), bytes.data, bytes.length, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (length >= 0) return toInteger(env, static_cast<int32_t>(length));
    if (errno == EINTR || (isPendingError(errno) && ++pendingErrors < 4)) continue;
    return toInteger(env, -errno);
  }
}

}  // namespace tun_native
