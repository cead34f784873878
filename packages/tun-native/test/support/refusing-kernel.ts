/** Plays kernels that lack a feature: a library that is loaded before libc and refuses what an environment variable names. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * - `vnet`: TUNSETIFF with a vnet header (before Linux 2.6.27)
 * - `tso`, `uso`, `ecn`, `checksum`: TUNSETOFFLOAD with it
 * - `joined`: writes of joined frames, with EINVAL; only those that do not go through an io_uring
 * - `io-uring`: io_uring_setup
 * - `udp-segment`, `udp-gro`: the socket option
 * - `eio`, `einval`: segmented messages, with this error
 */
export type Refusal =
  | "vnet"
  | "tso"
  | "uso"
  | "ecn"
  | "checksum"
  | "joined"
  | "io-uring"
  | "udp-segment"
  | "udp-gro"
  | "eio"
  | "einval";

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int refuses(const char* name) {
  const char* list = getenv("REFUSE");
  return list != NULL && strstr(list, name) != NULL;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void* argument = va_arg(list, void*);
  va_end(list);
  const unsigned long flags = (unsigned long)argument;
  errno = EINVAL;
  if (request == TUNSETIFF && (((struct ifreq*)argument)->ifr_flags & IFF_VNET_HDR) && refuses("vnet")) return -1;
  if (request == TUNSETOFFLOAD) {
    if ((flags & 0x01) && refuses("checksum")) return -1;
    if ((flags & 0x06) && refuses("tso")) return -1;
    if ((flags & 0x08) && refuses("ecn")) return -1;
    if ((flags & 0x60) && refuses("uso")) return -1;
  }
  return REAL(ioctl)(fd, request, argument);
}

ssize_t writev(int fd, const struct iovec* vectors, int count) {
  // a device, not one of Node's sockets
  struct stat status;
  const int device = fstat(fd, &status) == 0 && S_ISCHR(status.st_mode);
  errno = EINVAL;
  if (device && count > 2 && vectors[0].iov_len > 10 && refuses("joined")) return -1;
  return REAL(writev)(fd, vectors, count);
}

long syscall(long number, ...) {
  va_list list;
  long arguments[6];
  va_start(list, number);
  for (int i = 0; i < 6; i++) arguments[i] = va_arg(list, long);
  va_end(list);
  errno = ENOSYS;
  if (number == __NR_io_uring_setup && refuses("io-uring")) return -1;
  return REAL(syscall)(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  errno = ENOPROTOOPT;
  if (level == 17 && name == 104 && refuses("udp-gro")) return -1;
  return REAL(setsockopt)(fd, level, name, value, length);
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  errno = ENOPROTOOPT;
  if (level == 17 && name == 103 && refuses("udp-segment")) return -1;
  return REAL(getsockopt)(fd, level, name, value, length);
}

int sendmmsg(int fd, struct mmsghdr* messages, unsigned count, int flags) {
  for (unsigned i = 0; i < count; i++) {
    if (messages[i].msg_hdr.msg_controllen == 0 || !(refuses("eio") || refuses("einval"))) continue;
    if (i > 0) return REAL(sendmmsg)(fd, messages, i, flags);
    errno = refuses("eio") ? EIO : EINVAL;
    return -1;
  }
  return REAL(sendmmsg)(fd, messages, count, flags);
}
`;

/** Compiles the library; `env` are the variables of a process that it is to be loaded into. */
export function refusingKernel(): { env(refusals: readonly Refusal[]): NodeJS.ProcessEnv; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "tun-native-refusing-"));
  const [source, library] = [join(folder, "refuse.c"), join(folder, "refuse.so")];
  writeFileSync(source, SOURCE);
  execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], { stdio: "inherit" });
  // Behind what is preloaded already: the runtime of a sanitizer insists on being the first.
  const preload = [process.env["LD_PRELOAD"] ?? "", library].filter((one) => one !== "").join(":");
  return {
    env: (refusals) => ({ LD_PRELOAD: preload, REFUSE: refusals.join(",") }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
