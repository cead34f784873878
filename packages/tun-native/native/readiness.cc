// Readability events for streams: one thread per JavaScript environment sleeps in epoll and calls back into it.
//
// Every descriptor is armed for one event at a time (EPOLLONESHOT), so a stream that stopped reading costs nothing
// and none is told twice. Node-API offers no event loop of its own to add descriptors to, and libuv is not part of
// the stable ABI: hence the thread.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "functions.h"

namespace tun_native {
namespace {

constexpr int kEventsAtOnce = 16;

struct Readiness {
  napi_env env;
  int epoll;
  int stop;
  pthread_t thread;
  napi_threadsafe_function notify;
  bool running;
};

void* watch(void* data) {
  Readiness* readiness = static_cast<Readiness*>(data);
  for (;;) {
    epoll_event events[kEventsAtOnce];
    const int count = epoll_wait(readiness->epoll, events, kEventsAtOnce, -1);
    if (count < 0 && errno != EINTR) return nullptr;
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == readiness->stop) return nullptr;
      void* fd = reinterpret_cast<void*>(static_cast<intptr_t>(events[i].data.fd));
      napi_call_threadsafe_function(readiness->notify, fd, napi_tsfn_nonblocking);
    }
  }
}

void callBack(napi_env env, napi_value callback, void*, void* data) {
  if (env == nullptr || callback == nullptr) return;
  napi_value receiver = nullptr;
  napi_value fd = toInteger(env, static_cast<int32_t>(reinterpret_cast<intptr_t>(data)));
  napi_get_undefined(env, &receiver);
  napi_call_function(env, receiver, callback, 1, &fd, nullptr);
}

bool add(int epoll, int fd, uint32_t events, int operation) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(epoll, operation, fd, &event) == 0;
}

void shut(void* data) {
  Readiness* readiness = static_cast<Readiness*>(data);
  if (!readiness->running) return;
  readiness->running = false;
  const uint64_t one = 1;
  if (write(readiness->stop, &one, sizeof one) == sizeof one) pthread_join(readiness->thread, nullptr);
  close(readiness->stop);
  close(readiness->epoll);
  napi_release_threadsafe_function(readiness->notify, napi_tsfn_abort);
}

void finalize(napi_env env, void* data, void*) {
  Readiness* readiness = static_cast<Readiness*>(data);
  if (readiness->running) {
    napi_remove_env_cleanup_hook(env, shut, readiness);
    shut(readiness);
  }
  free(readiness);
}

// Small stack, no signals: the main thread handles those.
bool startThread(Readiness* readiness) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 128 * 1024);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&readiness->thread, &attributes, watch, readiness);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  errno = error;
  return error == 0;
}

}  // namespace

// Calls `callback(fd)` on this JavaScript thread when an armed descriptor is readable. An external value or -errno.
napi_value openReadiness(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  Readiness* readiness = static_cast<Readiness*>(calloc(1, sizeof(Readiness)));
  if (readiness == nullptr) return toInteger(env, -ENOMEM);
  readiness->env = env;
  readiness->epoll = epoll_create1(EPOLL_CLOEXEC);
  readiness->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  napi_value name = toText(env, "tun-native readiness");
  napi_value result = nullptr;
  errno = ENOMEM;
  const bool notifying = readiness->epoll >= 0 && readiness->stop >= 0 && add(readiness->epoll, readiness->stop, EPOLLIN, EPOLL_CTL_ADD) &&
                         napi_create_threadsafe_function(env, args.value(0), nullptr, name, 0, 1, nullptr, nullptr, nullptr, callBack,
                                                         &readiness->notify) == napi_ok;
  if (notifying && startThread(readiness)) {
    readiness->running = true;
    napi_add_env_cleanup_hook(env, shut, readiness);
    if (napi_create_external(env, readiness, finalize, nullptr, &result) == napi_ok) return result;
    finalize(env, readiness, nullptr);
    return toInteger(env, -ENOMEM);
  }
  const int error = errno;
  if (notifying) napi_release_threadsafe_function(readiness->notify, napi_tsfn_abort);
  if (readiness->stop >= 0) close(readiness->stop);
  if (readiness->epoll >= 0) close(readiness->epoll);
  free(readiness);
  return toInteger(env, -error);
}

// Asks for one callback when the descriptor is readable (or broken).
napi_value armReadiness(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const Readiness* readiness = args.external<Readiness>(0);
  const int fd = args.integer(1);
  if (readiness == nullptr || !readiness->running) return toInteger(env, -EINVAL);
  if (add(readiness->epoll, fd, EPOLLIN | EPOLLONESHOT, EPOLL_CTL_MOD)) return toInteger(env, 0);
  if (errno != ENOENT) return toInteger(env, -errno);
  return toResult(env, add(readiness->epoll, fd, EPOLLIN | EPOLLONESHOT, EPOLL_CTL_ADD) ? 0 : -1);
}

// Must be called before the descriptor is closed.
napi_value disarmReadiness(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  const Readiness* readiness = args.external<Readiness>(0);
  if (readiness == nullptr || !readiness->running) return toInteger(env, -EINVAL);
  return toResult(env, add(readiness->epoll, args.integer(1), 0, EPOLL_CTL_DEL) ? 0 : -1);
}

// Ends the thread. Idempotent.
napi_value closeReadiness(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  Readiness* readiness = args.external<Readiness>(0);
  if (readiness != nullptr && readiness->running) {
    napi_remove_env_cleanup_hook(env, shut, readiness);
    shut(readiness);
  }
  return toInteger(env, 0);
}

}  // namespace tun_native
