// File descriptors and who owns them: opening, passing to another thread, closing; eventfd as a thread's doorbell.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "env_state.h"
#include "functions.h"

namespace tun_native {

napi_value openDescriptor(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  char path[4096];
  if (!args.text(0, path, sizeof path)) return toInteger(env, -EINVAL);
  return ownDescriptor(env, open(path, args.integer(1)));
}

napi_value duplicateDescriptor(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  return ownDescriptor(env, fcntl(args.integer(0), F_DUPFD_CLOEXEC, 3));
}

// Takes over a descriptor that another thread gave away with releaseDescriptor.
napi_value adoptDescriptor(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const int fd = args.integer(0);
  if (fcntl(fd, F_GETFD) < 0) return toInteger(env, -errno);
  if (ownsDescriptor(env, fd)) return toInteger(env, -EEXIST);
  return ownDescriptor(env, fd);
}

napi_value releaseDescriptor(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  return toInteger(env, disownDescriptor(env, args.integer(0)) ? 0 : -EBADF);
}

// Closes only what this environment owns: a stale number can never hit somebody else's descriptor.
napi_value closeDescriptor(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const int fd = args.integer(0);
  if (!disownDescriptor(env, fd)) return toInteger(env, -EBADF);
  return toResult(env, close(fd));
}

// Two ends of a channel that keeps packets apart, as a device does: lets tests speak to the code behind a device.
// Fills [fd, fd]; returns 0 or -errno.
napi_value createPacketPair(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const View<int32_t> out = args.words(0);
  int ends[2];
  if (out.length < 2) return toInteger(env, -EFAULT);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) return toInteger(env, -errno);
  for (int i = 0; i < 2; i++) {
    ownDescriptor(env, ends[i]);
    out.data[i] = ends[i];
  }
  return toInteger(env, 0);
}

napi_value createEvent(napi_env env, napi_callback_info) { return ownDescriptor(env, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

napi_value signalEvent(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const uint64_t one = 1;
  const ssize_t written = write(args.integer(0), &one, sizeof one);
  // EAGAIN: the counter is full, so the reader is woken already.
  return toInteger(env, written < 0 && errno != EAGAIN ? -errno : 0);
}

// flock(2) belongs to the open file, not to the process: it also separates two threads that opened it twice.
napi_value lockFile(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  return toResult(env, flock(args.integer(0), LOCK_EX | LOCK_NB));
}

napi_value unlockFile(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  return toResult(env, flock(args.integer(0), LOCK_UN));
}

}  // namespace tun_native
