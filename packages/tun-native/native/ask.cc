// The owner's side of the doorkeeper: one request, one answer, with a descriptor where there is one.
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "functions.h"

namespace tun_native {
namespace {

constexpr int kPatienceMs = 10000;

struct Answer {
  uint32_t number;
  int32_t result;
};

// The descriptor that came along, or -1.
int descriptorOf(msghdr* message) {
  int fd = -1;
  for (cmsghdr* header = CMSG_FIRSTHDR(message); header != nullptr; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  }
  return fd;
}

int receiveAnswer(int socket, Answer* answer, int* fd) {
  pollfd waiting{socket, POLLIN, 0};
  const int ready = poll(&waiting, 1, kPatienceMs);
  if (ready == 0) return ETIMEDOUT;
  if (ready < 0) return errno;
  iovec part{answer, sizeof *answer};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (length < 0) return errno;
  if (length == 0) return EPIPE;
  *fd = descriptorOf(&message);
  return static_cast<size_t>(length) == sizeof *answer ? 0 : EPROTO;
}

}  // namespace

// Arguments: socket, request (its first word is its number). Returns a descriptor that the caller closes, 0 where
// there is none, or -errno.
napi_value askDoorkeeper(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const int socket = args.integer(0);
  const View<uint8_t> request = args.bytes(1);
  uint32_t number = 0;
  if (request.length < sizeof number) return toInteger(env, -EINVAL);
  memcpy(&number, request.data, sizeof number);
  ssize_t sent;
  do {
    sent = send(socket, request.data, request.length, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return toInteger(env, -errno);
  for (;;) {
    Answer answer{0, 0};
    int fd = -1;
    const int error = receiveAnswer(socket, &answer, &fd);
    if (error == EINTR) continue;
    if (error != 0) return toInteger(env, -error);
    if (answer.number == number) return toInteger(env, answer.result < 0 ? answer.result : fd < 0 ? 0 : fd);
    // the late answer to a question that was given up
    if (fd >= 0) close(fd);
  }
}

}  // namespace tun_native
