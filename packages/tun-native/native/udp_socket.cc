// Making a UDP socket: each step is its own call, so that TypeScript can name the one that failed.
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include "env_state.h"
#include "functions.h"
#include "socket_address.h"

namespace tun_native {

napi_value createSocket(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const int domain = args.integer(0) == 6 ? AF_INET6 : AF_INET;
  return ownDescriptor(env, socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
}

napi_value setSocketOption(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  const int value = args.integer(3);
  return toResult(env, setsockopt(args.integer(0), args.integer(1), args.integer(2), &value, sizeof value));
}

napi_value getSocketOption(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  int value = 0;
  socklen_t length = sizeof value;
  if (getsockopt(args.integer(0), args.integer(1), args.integer(2), &value, &length) < 0) return toInteger(env, -errno);
  return toInteger(env, value);
}

napi_value bindToDevice(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  char name[16];
  if (!args.text(1, name, sizeof name)) return toInteger(env, -ENAMETOOLONG);
  return toResult(env, setsockopt(args.integer(0), SOL_SOCKET, SO_BINDTODEVICE, name, static_cast<socklen_t>(strlen(name))));
}

// bind(2) to the address of one endpoint row.
napi_value bindSocket(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const View<int32_t> endpoint = args.words(1);
  SocketAddress address;
  if (endpoint.length < kEndpointWords) return toInteger(env, -EFAULT);
  const socklen_t length = fromEndpoint(endpoint.data, endpoint.data[kEndpointFamily], &address);
  if (length == 0) return toInteger(env, -EAFNOSUPPORT);
  return toResult(env, bind(args.integer(0), &address.any, length));
}

napi_value socketPort(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  SocketAddress address;
  socklen_t length = sizeof address;
  if (getsockname(args.integer(0), &address.any, &length) < 0) return toInteger(env, -errno);
  return toInteger(env, ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port));
}

// MTU of the path to an endpoint as the kernel knows it now: of the route, or what ICMP reported. Sends nothing.
napi_value pathMtu(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const View<int32_t> endpoint = args.words(0);
  if (endpoint.length < kEndpointWords) return toInteger(env, -EFAULT);
  const int32_t family = endpoint.data[kEndpointFamily];
  SocketAddress address;
  const socklen_t length = fromEndpoint(endpoint.data, family, &address);
  if (length == 0) return toInteger(env, -EAFNOSUPPORT);
  const int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
  if (fd < 0) return toInteger(env, -errno);
  int mtu = 0;
  socklen_t size = sizeof mtu;
  int result = connect(fd, &address.any, length);
  if (result == 0) result = getsockopt(fd, family == 6 ? IPPROTO_IPV6 : IPPROTO_IP, family == 6 ? IPV6_MTU : IP_MTU, &mtu, &size);
  if (result < 0) mtu = -errno;
  close(fd);
  return toInteger(env, mtu);
}

// Attaches a classic socket filter: four words for each instruction (code, jump if true, jump if false, operand).
napi_value setSocketFilter(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const View<int32_t> words = args.words(1);
  constexpr size_t kMost = 64;
  sock_filter instructions[kMost];
  const size_t count = words.length / 4;
  if (count == 0 || count > kMost) return toInteger(env, -EINVAL);
  for (size_t i = 0; i < count; i++) {
    const int32_t* at = words.data + i * 4;
    instructions[i] = {static_cast<uint16_t>(at[0]), static_cast<uint8_t>(at[1]), static_cast<uint8_t>(at[2]), static_cast<uint32_t>(at[3])};
  }
  const sock_fprog program = {static_cast<unsigned short>(count), instructions};
  return toResult(env, setsockopt(args.integer(0), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

}  // namespace tun_native
