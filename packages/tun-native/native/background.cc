// A process in the background: forked twice and executed anew, because a process with threads cannot go on after a fork.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "env_state.h"
#include "functions.h"

namespace tun_native {
namespace {

// Pointers to the words of a block in which each ends with a zero byte; null when there is no memory.
char** wordsOf(const View<uint8_t>& block) {
  size_t count = 0;
  for (size_t i = 0; i < block.length; i++) count += block.data[i] == 0;
  char** words = static_cast<char**>(malloc((count + 1) * sizeof(char*)));
  if (words == nullptr) return nullptr;
  char* at = reinterpret_cast<char*>(block.data);
  for (size_t i = 0; i < count; i++) {
    words[i] = at;
    at += strlen(at) + 1;
  }
  words[count] = nullptr;
  return words;
}

struct News {
  enum Kind { kPid, kErrno } kind;
  int value;
};

void tell(int fd, News::Kind kind, int value) {
  const News news{kind, value};
  // smaller than PIPE_BUF: whole or not at all
  if (write(fd, &news, sizeof news) < 0) _exit(127);
}

struct Image {
  const char* path;
  char** arguments;
  char** environment;
  View<int32_t> keep;
};

// Between fork and exec: only what is safe after a fork of a process with threads.
[[noreturn]] void becomeImage(const Image& image, int newsFd) {
  // Node marks every descriptor that it finds at its start, these three too
  for (int standard = 0; standard <= 2; standard++) fcntl(standard, F_SETFD, 0);
  for (size_t i = 0; i < image.keep.length; i++) fcntl(image.keep.data[i], F_SETFD, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(image.path, image.arguments, image.environment);
  tell(newsFd, News::kErrno, errno);
  _exit(127);
}

[[noreturn]] void detach(const Image& image, int newsFd) {
  setsid();
  // the leader of a session could still get a terminal by opening one
  const pid_t pid = fork();
  if (pid == 0) becomeImage(image, newsFd);
  if (pid < 0) {
    tell(newsFd, News::kErrno, errno);
  } else {
    tell(newsFd, News::kPid, pid);
  }
  _exit(0);
}

// The number of the process that runs the image, or -errno.
int launch(const Image& image) {
  int news[2];
  if (pipe2(news, O_CLOEXEC) < 0) return -errno;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // a handler of the parent must not run in the child, whose memory and descriptors it would use
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = fork();
  if (child == 0) detach(image, news[1]);
  const int forkError = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(news[1]);
  if (child < 0) {
    close(news[0]);
    return -forkError;
  }
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  int pid = -EAGAIN;
  int error = 0;
  for (;;) {
    News one;
    const ssize_t length = read(news[0], &one, sizeof one);
    if (length < 0 && errno == EINTR) continue;
    if (length != static_cast<ssize_t>(sizeof one)) break;
    if (one.kind == News::kPid) pid = one.value;
    else error = one.value;
  }
  close(news[0]);
  return error != 0 ? -error : pid;
}

}  // namespace

// Arguments: path, words, environment, descriptors that stay open. Returns when the image runs.
napi_value spawnDetached(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  char path[4096];
  if (!args.text(0, path, sizeof path)) return toInteger(env, -ENAMETOOLONG);
  Image image{path, wordsOf(args.bytes(1)), wordsOf(args.bytes(2)), args.words(3)};
  const bool hasMemory = image.arguments != nullptr && image.environment != nullptr;
  const int result = hasMemory ? launch(image) : -ENOMEM;
  free(image.arguments);
  free(image.environment);
  return toInteger(env, result);
}

// A file without a name, in memory only.
napi_value createMemoryFile(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  char name[64];
  if (!args.text(0, name, sizeof name)) return toInteger(env, -ENAMETOOLONG);
  return ownDescriptor(env, memfd_create(name, MFD_CLOEXEC));
}

// Fills [read end, write end]; returns 0 or -errno.
napi_value createPipe(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const View<int32_t> out = args.words(0);
  int ends[2];
  if (out.length < 2) return toInteger(env, -EFAULT);
  if (pipe2(ends, O_CLOEXEC) < 0) return toInteger(env, -errno);
  for (int i = 0; i < 2; i++) {
    ownDescriptor(env, ends[i]);
    out.data[i] = ends[i];
  }
  return toInteger(env, 0);
}

// Puts a descriptor in the place of the three standard ones. Returns 0 or -errno.
napi_value replaceStandardStreams(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int error = 0;
  for (int standard = 0; standard <= 2; standard++) {
    if (dup2(args.integer(0), standard) < 0) error = errno;
  }
  return toInteger(env, -error);
}

}  // namespace tun_native
