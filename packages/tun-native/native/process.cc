// The process as others see it: its command line, its name, and texts of errors.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "functions.h"

namespace tun_native {
namespace {

constexpr int kArgStartField = 48;

// The memory that /proc/<pid>/cmdline shows: fields 48 and 49 of /proc/self/stat. False when the kernel hides it.
bool commandLine(char** start, char** end) {
  char text[2048];
  const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = 0;
  // The name in field 2 is in parentheses and may hold anything; field 3 follows the last ')'.
  const char* at = strrchr(text, ')');
  if (at == nullptr) return false;
  at++;
  for (int field = 3; field < kArgStartField; field++) {
    at = strchr(at + 1, ' ');
    if (at == nullptr) return false;
  }
  unsigned long from = 0;
  unsigned long to = 0;
  if (sscanf(at, " %lu %lu", &from, &to) != 2 || from == 0 || to <= from) return false;
  *start = reinterpret_cast<char*>(from);
  *end = reinterpret_cast<char*>(to);
  return true;
}

}  // namespace

// Overwrites the words with these indices (of the whole command line) with '#'. Returns how many, or -ENOENT.
napi_value maskArguments(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  const View<int32_t> indices = args.words(0);
  char* at = nullptr;
  char* end = nullptr;
  if (!commandLine(&at, &end)) return toInteger(env, -ENOENT);
  int32_t masked = 0;
  for (int32_t word = 0; at < end; word++) {
    const size_t length = strnlen(at, static_cast<size_t>(end - at));
    for (size_t i = 0; i < indices.length; i++) {
      if (indices.data[i] != word) continue;
      memset(at, '#', length);
      masked++;
      break;
    }
    at += length + 1;
  }
  return toInteger(env, masked);
}

napi_value setProcessName(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  char name[16];
  if (!args.text(0, name, sizeof name)) return toInteger(env, -ENAMETOOLONG);
  return toResult(env, prctl(PR_SET_NAME, name, 0, 0, 0));
}

napi_value errorText(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  return toText(env, strerror(args.integer(0)));
}

}  // namespace tun_native
