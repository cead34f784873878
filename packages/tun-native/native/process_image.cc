// Becoming another program: the process keeps its number, parent, group, environment and directory.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "functions.h"

extern char** environ;

namespace tun_native {
namespace {

constexpr int kSignals = 65;  // 1 … 64
constexpr unsigned int kCloseRangeCloexec = 1U << 2;

// The three standard streams survive (Node marks them for closing), descriptors from 3 on end with this image.
void keepOnlyStreams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
  }
#ifdef SYS_close_range
  if (syscall(SYS_close_range, 3U, ~0U, kCloseRangeCloexec) == 0) return;
#endif
  const long limit = sysconf(_SC_OPEN_MAX);
  for (int fd = 3; fd < limit; fd++) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
}

bool isOneOf(const View<uint8_t>& numbers, int number) {
  return numbers.length > 0 && memchr(numbers.data, number, numbers.length) != nullptr;
}

// Node's own dispositions (it ignores SIGPIPE) must not be inherited; `saved` brings them back if there is no new image.
// Those in `ignored` (their numbers) are ignored by the new image.
void resetSignals(struct sigaction* saved, const View<uint8_t>& ignored) {
  struct sigaction fresh;
  memset(&fresh, 0, sizeof fresh);
  sigemptyset(&fresh.sa_mask);
  for (int number = 1; number < kSignals; number++) {
    fresh.sa_handler = isOneOf(ignored, number) ? SIG_IGN : SIG_DFL;
    // the C library keeps two numbers to itself, and two cannot be changed
    if (sigaction(number, &fresh, &saved[number]) < 0) saved[number].sa_handler = SIG_ERR;
  }
}

void restoreSignals(const struct sigaction* saved) {
  for (int number = 1; number < kSignals; number++) {
    if (saved[number].sa_handler != SIG_ERR) sigaction(number, &saved[number], nullptr);
  }
}

// Words separated by zero bytes, the last one ended by one, as an array for execve(2). Points into `bytes`.
char** wordsOf(const View<uint8_t>& bytes) {
  size_t count = 0;
  for (size_t i = 0; i < bytes.length; i++) count += bytes.data[i] == 0;
  char** words = static_cast<char**>(calloc(count + 1, sizeof(char*)));
  if (words == nullptr) return nullptr;
  char* at = reinterpret_cast<char*>(bytes.data);
  for (size_t i = 0; i < count; i++) {
    words[i] = at;
    at += strlen(at) + 1;
  }
  return words;
}

}  // namespace

// The descriptor, made blocking, becomes standard input and output as well. Both survive exec.
napi_value becomeStandardStreams(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const int fd = args.integer(0);
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) return toInteger(env, -errno);
  if (dup2(fd, STDIN_FILENO) < 0) return toInteger(env, -errno);
  return toResult(env, dup2(fd, STDOUT_FILENO) < 0 ? -1 : 0);
}

// Ignores signals, by their numbers: what Node undid at its start. Returns -errno of the first that cannot be.
napi_value ignoreSignals(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const View<uint8_t> numbers = args.bytes(0);
  for (size_t i = 0; i < numbers.length; i++) {
    if (signal(numbers.data[i], SIG_IGN) == SIG_ERR) return toInteger(env, -errno);
  }
  return toInteger(env, 0);
}

// execve(2) of `path` (bytes, ended by zero) with the words of `arguments`, and at most `openFiles` descriptors (below
// zero: as many as now); `ignored` are numbers of signals. Returns -errno; on success it does not return.
napi_value replaceProcess(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  const View<uint8_t> path = args.bytes(0);
  const View<uint8_t> arguments = args.bytes(1);
  const int32_t openFiles = args.integer(2);
  const View<uint8_t> ignored = args.bytes(3);
  if (path.length == 0 || path.data[path.length - 1] != 0) return toInteger(env, -EFAULT);
  if (arguments.length == 0 || arguments.data[arguments.length - 1] != 0) return toInteger(env, -EFAULT);
  char** words = wordsOf(arguments);
  if (words == nullptr) return toInteger(env, -ENOMEM);

  rlimit before;
  const bool isLimited = openFiles >= 0 && getrlimit(RLIMIT_NOFILE, &before) == 0 && before.rlim_cur > static_cast<rlim_t>(openFiles);
  if (isLimited) {
    const rlimit after = {static_cast<rlim_t>(openFiles), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &after);
  }
  keepOnlyStreams();
  struct sigaction saved[kSignals];
  resetSignals(saved, ignored);
  execve(reinterpret_cast<char*>(path.data), words, environ);
  const int error = errno;
  restoreSignals(saved);
  if (isLimited) setrlimit(RLIMIT_NOFILE, &before);
  free(words);
  return toInteger(env, -error);
}

// Soft limit of open descriptors of another process, or -errno.
napi_value openFilesLimit(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  rlimit limit;
  if (prlimit(args.integer(0), RLIMIT_NOFILE, nullptr, &limit) < 0) return toInteger(env, -errno);
  return toInteger(env, limit.rlim_cur > 0x7fffffff ? 0x7fffffff : static_cast<int32_t>(limit.rlim_cur));
}

}  // namespace tun_native
