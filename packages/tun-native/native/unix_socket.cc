// Datagrams to a socket of this machine: the system log, the service manager.
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "env_state.h"
#include "functions.h"

namespace tun_native {
namespace {

// A name that begins with '@' is abstract: its first byte is 0, and it ends where the length says. Returns the length,
// 0 when the name is empty or does not fit.
socklen_t toUnixAddress(const Arguments<2>& args, sockaddr_un* out) {
  memset(out, 0, sizeof *out);
  out->sun_family = AF_UNIX;
  if (!args.text(1, out->sun_path, sizeof out->sun_path)) return 0;
  const size_t length = strlen(out->sun_path);
  if (length == 0) return 0;
  const bool isAbstract = out->sun_path[0] == '@';
  if (isAbstract) out->sun_path[0] = 0;
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + (isAbstract ? 0 : 1));
}

}  // namespace

napi_value createUnixSocket(napi_env env, napi_callback_info) {
  return ownDescriptor(env, socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

napi_value connectUnixSocket(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  sockaddr_un address;
  const socklen_t length = toUnixAddress(args, &address);
  if (length == 0) return toInteger(env, -ENAMETOOLONG);
  return toResult(env, connect(args.integer(0), reinterpret_cast<sockaddr*>(&address), length));
}

napi_value bindUnixSocket(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  sockaddr_un address;
  const socklen_t length = toUnixAddress(args, &address);
  if (length == 0) return toInteger(env, -ENAMETOOLONG);
  return toResult(env, bind(args.integer(0), reinterpret_cast<sockaddr*>(&address), length));
}

napi_value sendUnixDatagram(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const View<uint8_t> bytes = args.bytes(1);
  ssize_t sent;
  do {
    sent = send(args.integer(0), bytes.data, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return toResult(env, sent);
}

}  // namespace tun_native
