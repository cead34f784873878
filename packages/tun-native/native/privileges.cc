// Giving up root for good: root directory, groups, user, capabilities, no_new_privs, in every thread of the process.
//
// To the kernel all of these but the root directory belong to a thread. The C library carries user and groups over to
// all threads; the rest is done here in the same manner, with the signal that the C library keeps for that purpose,
// because Node has a thread that blocks every other one.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "functions.h"

namespace tun_native {
namespace {

#ifdef __GLIBC__
constexpr int kAllThreadsSignal = 33;
#else
constexpr int kAllThreadsSignal = 34;
#endif
constexpr int kCapabilityWords = 2;
constexpr int kLastCapability = 63;
constexpr int kMostThreads = 1024;
constexpr int kPatienceMs = 2000;

// What every thread has to do, and what came of it.
struct Order {
  uint64_t capabilities;
  int done;
  int error;
};
Order order;

int limitThisThread(uint64_t capabilities) {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // the bounding set can be lowered only by those that have CAP_SETPCAP, and only matters to those that could exec as root
  for (int capability = 0; capability <= kLastCapability; capability++) {
    if ((capabilities >> capability & 1) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[kCapabilityWords];
  for (int i = 0; i < kCapabilityWords; i++) {
    const uint32_t word = static_cast<uint32_t>(capabilities >> (32 * i));
    data[i] = {word, word, 0};
  }
  if (syscall(SYS_capset, &header, data) < 0) return errno;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno;
  if (syscall(SYS_capget, &header, data) < 0) return errno;
  for (int i = 0; i < kCapabilityWords; i++) {
    const uint32_t word = static_cast<uint32_t>(capabilities >> (32 * i));
    if (data[i].effective != word || data[i].permitted != word || data[i].inheritable != 0) return EPERM;
  }
  return 0;
}

void onOrder(int, siginfo_t*, void*) {
  const int before = errno;
  const int error = limitThisThread(__atomic_load_n(&order.capabilities, __ATOMIC_ACQUIRE));
  if (error != 0) __atomic_store_n(&order.error, error, __ATOMIC_RELEASE);
  __atomic_add_fetch(&order.done, 1, __ATOMIC_RELEASE);
  errno = before;
}

// The kernel's own layout: handler, flags, restorer, mask. Only the first word is touched here.
struct KernelAction {
  unsigned long words[8];
};

int kernelAction(int signal, const KernelAction* next, KernelAction* previous) {
  return static_cast<int>(syscall(SYS_rt_sigaction, signal, next, previous, sizeof(uint64_t)));
}

// The C library refuses its own signals, so the action is made for another one and copied.
bool installHandler(KernelAction* previous) {
  struct sigaction wanted;
  struct sigaction borrowed;
  memset(&wanted, 0, sizeof wanted);
  wanted.sa_sigaction = onOrder;
  wanted.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&wanted.sa_mask);
  const int model = SIGRTMAX;
  KernelAction action;
  memset(&action, 0, sizeof action);
  memset(previous, 0, sizeof *previous);
  if (sigaction(model, &wanted, &borrowed) < 0) return false;
  const bool copied = kernelAction(model, nullptr, &action) == 0;
  sigaction(model, &borrowed, nullptr);
  return copied && kernelAction(kAllThreadsSignal, &action, previous) == 0;
}

bool contains(const pid_t* list, int count, pid_t tid) {
  for (int i = 0; i < count; i++) {
    if (list[i] == tid) return true;
  }
  return false;
}

// Every thread but the calling one gives up everything. `tasks` lists /proc/self/task.
int limitOtherThreads(DIR* tasks) {
  static pid_t seen[kMostThreads];
  int count = 0;
  KernelAction previous;
  order = {0, 0, 0};
  if (!installHandler(&previous)) return errno;
  const pid_t process = getpid();
  const pid_t self = static_cast<pid_t>(syscall(SYS_gettid));
  int error = 0;
  // until a whole look finds no thread that was not told: threads may begin meanwhile
  for (bool isNew = true; isNew && error == 0;) {
    isNew = false;
    rewinddir(tasks);
    while (const dirent* entry = readdir(tasks)) {
      const pid_t tid = atoi(entry->d_name);
      if (tid <= 0 || tid == self || contains(seen, count, tid)) continue;
      if (count == kMostThreads) {
        error = EAGAIN;
        break;
      }
      if (syscall(SYS_tgkill, process, tid, kAllThreadsSignal) < 0) {
        if (errno == ESRCH) continue;
        error = errno;
        break;
      }
      seen[count++] = tid;
      isNew = true;
    }
    const timespec pause{0, 1000000};
    for (int waited = 0; __atomic_load_n(&order.done, __ATOMIC_ACQUIRE) < count; waited++) {
      if (waited == kPatienceMs) {
        error = ETIMEDOUT;
        break;
      }
      nanosleep(&pause, nullptr);
    }
  }
  kernelAction(kAllThreadsSignal, &previous, nullptr);
  return error != 0 ? error : __atomic_load_n(&order.error, __ATOMIC_ACQUIRE);
}

// Steps as src/privileges.ts names them.
enum Step { kTasks = 1, kChroot, kChdir, kSetgroups, kSetgid, kKeep, kSetuid, kThreads, kCapabilities, kVerify };

int failed(Step step, int error) { return -(step * 1000 + error); }

int enter(const char* root, int uid, int gid, uint64_t capabilities, DIR* tasks) {
  if (root[0] != 0) {
    if (chroot(root) < 0) return failed(kChroot, errno);
    if (chdir("/") < 0) return failed(kChdir, errno);
  }
  if (uid >= 0) {
    const gid_t group = static_cast<gid_t>(gid);
    const uid_t user = static_cast<uid_t>(uid);
    if (setgroups(1, &group) < 0) return failed(kSetgroups, errno);
    if (setresgid(group, group, group) < 0) return failed(kSetgid, errno);
    if (capabilities != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return failed(kKeep, errno);
    if (setresuid(user, user, user) < 0) return failed(kSetuid, errno);
    uid_t uids[3];
    gid_t gids[3];
    gid_t groups[2];
    if (getresuid(&uids[0], &uids[1], &uids[2]) < 0 || getresgid(&gids[0], &gids[1], &gids[2]) < 0) return failed(kVerify, errno);
    for (int i = 0; i < 3; i++) {
      if (uids[i] != user || gids[i] != group) return failed(kVerify, EPERM);
    }
    if (getgroups(2, groups) != 1 || groups[0] != group) return failed(kVerify, EPERM);
  }
  const int others = limitOtherThreads(tasks);
  if (others != 0) return failed(kThreads, others);
  const int own = limitThisThread(capabilities);
  if (own != 0) return failed(kCapabilities, own);
  if (uid > 0 && (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0)) return failed(kVerify, EPERM);
  return 0;
}

template <typename Entry, typename Find>
int findEntry(Entry* out, Find find) {
  // the entry's texts are of no interest and must only fit
  static char texts[65536];
  Entry* found = nullptr;
  const int error = find(out, texts, sizeof texts, &found);
  if (error != 0) return -error;
  return found == nullptr ? -ENOENT : 0;
}

}  // namespace

// Arguments: root directory or "", user, group (-1: no change), capabilities that the calling thread keeps, as a bit set
// in two words. Returns 0 or -(step * 1000 + errno).
napi_value confineProcess(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  char root[4096];
  if (!args.text(0, root, sizeof root)) return toInteger(env, failed(kChroot, ENAMETOOLONG));
  const uint64_t capabilities = static_cast<uint64_t>(args.word(4)) << 32 | args.word(3);
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return toInteger(env, failed(kTasks, errno));
  const int result = enter(root, args.integer(1), args.integer(2), capabilities, tasks);
  closedir(tasks);
  return toInteger(env, result);
}

// Fills [user, group]; returns 0, -ENOENT or another -errno.
napi_value findUser(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  char name[256];
  const View<int32_t> out = args.words(1);
  if (!args.text(0, name, sizeof name) || out.length < 2) return toInteger(env, -ENOENT);
  passwd entry;
  const int result = findEntry(&entry, [&](passwd* to, char* texts, size_t size, passwd** found) { return getpwnam_r(name, to, texts, size, found); });
  if (result == 0) {
    out.data[0] = static_cast<int32_t>(entry.pw_uid);
    out.data[1] = static_cast<int32_t>(entry.pw_gid);
  }
  return toInteger(env, result);
}

// The group's number, -ENOENT or another -errno.
napi_value findGroup(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  char name[256];
  if (!args.text(0, name, sizeof name)) return toInteger(env, -ENOENT);
  group entry;
  const int result = findEntry(&entry, [&](group* to, char* texts, size_t size, group** found) { return getgrnam_r(name, to, texts, size, found); });
  return toInteger(env, result == 0 ? static_cast<int32_t>(entry.gr_gid) : result);
}

}  // namespace tun_native
