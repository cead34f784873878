// The doorkeeper: a small process that stays outside when its owner gives up root and enters a jail, and opens for it
// the few files that were named before: logs to reopen, the system log, names, the
// configuration. It trusts its owner with nothing else. It ends when its owner does.
//
//   doorkeeper SOCKET [file:PATH | remove:PATH | socket:PATH | memory:FD]… [-- PROGRAM WORD…]
//
// Requests and answers are single messages on SOCKET (SEQPACKET). An answer may carry a descriptor.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

constexpr size_t kMostBytes = 16384;
constexpr int kMostWords = 4096;
// Flags that an owner may ask for; whatever else it sets is an error.
constexpr int kFlags = O_ACCMODE | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;

// Layout of a request; src/doorkeeper.ts writes it.
struct Request {
  uint32_t number;
  uint32_t operation;
  int32_t flags;
  int32_t mode;
  // with its zero byte
  char text[];
};

struct Answer {
  uint32_t number;
  int32_t result;
};

enum Operation : uint32_t { kOpen = 1, kUnlink, kConnect, kResolve, kRun };

struct Rights {
  char** words;
  int count;
};

int ownerSocket = -1;
Rights rights;
char** program = nullptr;

const char* after(const char* word, const char* prefix) {
  const size_t length = strlen(prefix);
  return strncmp(word, prefix, length) == 0 ? word + length : nullptr;
}

bool isNamed(const char* kind, const char* path) {
  for (int i = 0; i < rights.count; i++) {
    const char* named = after(rights.words[i], kind);
    if (named != nullptr && strcmp(named, path) == 0) return true;
  }
  return false;
}

void answer(uint32_t number, int result, int fd) {
  Answer body{number, result};
  iovec part{&body, sizeof body};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    memset(control, 0, sizeof control);
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  while (sendmsg(ownerSocket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
  if (fd >= 0) close(fd);
}

int connectTo(const char* path) {
  sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

// A child whose standard output is the pipe that comes back; it does not stay a child, so nobody waits for it.
template <typename Work>
int readFrom(Work work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    close(ownerSocket);
    signal(SIGTERM, SIG_DFL);
    work();
    _exit(127);
  }
  const int error = errno;
  close(ends[1]);
  if (pid > 0) return ends[0];
  close(ends[0]);
  return -error;
}

void printAddresses(const char* name, int family) {
  addrinfo hints;
  memset(&hints, 0, sizeof hints);
  hints.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(name, nullptr, &hints, &found);
  if (error != 0) {
    dprintf(1, "! %s\n", gai_strerror(error));
    _exit(0);
  }
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char text[INET6_ADDRSTRLEN + 32];
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
      dprintf(1, "%d %s\n", at->ai_family == AF_INET ? 4 : 6, text);
    }
  }
  _exit(0);
}

void runProgram() {
  for (int i = 0; i < rights.count; i++) {
    const char* fd = after(rights.words[i], "memory:");
    if (fd != nullptr) fcntl(atoi(fd), F_SETFD, 0);
  }
  execv(program[0], program);
}

// The result, and a descriptor where there is one (then both are the same).
int serve(const Request& request, int* fd) {
  const char* text = request.text;
  switch (request.operation) {
    case kOpen: {
      if (!isNamed("file:", text) || (request.flags & ~kFlags) != 0) return -EPERM;
      const int opened = open(text, request.flags | O_CLOEXEC, request.mode & 0777);
      if (opened < 0) return -errno;
      return *fd = opened;
    }
    case kUnlink:
      if (!isNamed("remove:", text)) return -EPERM;
      return unlink(text) < 0 ? -errno : 0;
    case kConnect: {
      if (!isNamed("socket:", text)) return -EPERM;
      const int connected = connectTo(text);
      if (connected >= 0) *fd = connected;
      return connected;
    }
    case kResolve: {
      const int answers = readFrom([&] { printAddresses(text, request.flags); });
      if (answers >= 0) *fd = answers;
      return answers;
    }
    case kRun: {
      if (program == nullptr) return -ENOSYS;
      const int output = readFrom(runProgram);
      if (output >= 0) *fd = output;
      return output;
    }
    default:
      return -EINVAL;
  }
}

// False when the owner is gone.
bool serveOne() {
  alignas(Request) static char buffer[kMostBytes];
  const ssize_t length = recv(ownerSocket, buffer, sizeof buffer, MSG_TRUNC);
  if (length < 0) return errno == EAGAIN || errno == EINTR;
  if (length == 0) return false;
  const size_t size = static_cast<size_t>(length);
  const Request& request = *reinterpret_cast<const Request*>(buffer);
  if (size <= sizeof(Request) || size > sizeof buffer || buffer[size - 1] != 0) return true;
  int fd = -1;
  const int result = serve(request, &fd);
  answer(request.number, result < 0 ? result : 0, fd);
  return true;
}

void becomeQuiet() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int standard = 0; standard <= 2; standard++) dup2(null, standard);
  // a terminal or a manager that ends the whole group must not take the door from an owner that is still closing
  const int ignored[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};
  for (const int number : ignored) signal(number, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  prctl(PR_SET_NAME, "anytun-door", 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  umask(0);
  if (chdir("/") < 0) _exit(1);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2 || count > kMostWords) return 2;
  ownerSocket = atoi(words[1]);
  fcntl(ownerSocket, F_SETFD, FD_CLOEXEC);
  rights = {words + 2, 0};
  while (2 + rights.count < count && strcmp(words[2 + rights.count], "--") != 0) {
    const char* memory = after(words[2 + rights.count], "memory:");
    if (memory != nullptr) fcntl(atoi(memory), F_SETFD, FD_CLOEXEC);
    rights.count++;
  }
  if (3 + rights.count < count) program = words + 3 + rights.count;
  becomeQuiet();
  for (;;) {
    pollfd door{ownerSocket, POLLIN, 0};
    if (poll(&door, 1, -1) < 0) {
      if (errno == EINTR) continue;
      return 1;
    }
    if (!serveOne()) return 0;
  }
}
