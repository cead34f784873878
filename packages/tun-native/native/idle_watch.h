// Whether the machine has a processor to spare, by /proc/uptime. sched_yield does not tell, nor does it help: seen with Linux
// 6.18, whoever yields beside a program that computes goes on at once, whoever else waits for the processor.
#pragma once

#include <stdint.h>
#include <unistd.h>

namespace tun_native {

// So long a reading holds, in milliseconds.
constexpr double kIdleReadingMs = 1000;

// The second number of the file in hundredths of a second: for how long all processors together have been idle. -1 when the
// file cannot be read.
inline double idleHundredths(int file) {
  char text[64];
  const ssize_t length = pread(file, text, sizeof text, 0);
  ssize_t at = 0;
  while (at < length && text[at] != ' ') at++;
  double hundredths = -1;
  for (at++; at < length; at++) {
    if (text[at] >= '0' && text[at] <= '9') hundredths = (hundredths < 0 ? 0 : hundredths * 10) + (text[at] - '0');
    else if (text[at] != '.') break;
  }
  return hundredths;
}

// In memory shared with src/poller.ts; all zero at first.
struct IdleWatch {
  // Of the last reading: monotonic milliseconds, and what it said.
  double readAtMs;
  double idle;
  // 1 when no processor was idle between the last two.
  double isBusy;

  // Reads anew when the last reading is too old. A machine whose file cannot be read is not busy.
  bool isMachineBusy(int file, double nowMs) {
    const double elapsedMs = nowMs - readAtMs;
    if (elapsedMs < kIdleReadingMs) return isBusy != 0;
    const double now = idleHundredths(file);
    // under a hundredth of one processor: what the kernel's own work leaves
    isBusy = readAtMs != 0 && now >= 0 && (now - idle) * 1000 < elapsedMs ? 1 : 0;
    readAtMs = nowMs;
    idle = now;
    return isBusy != 0;
  }
};

}  // namespace tun_native
