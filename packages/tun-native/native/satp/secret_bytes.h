// Handling of key material without a crypto library: what the compiler must not optimise away.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace tun_native {

inline void wipe(void* data, size_t bytes) {
  memset(data, 0, bytes);
  __asm__ volatile("" : : "r"(data) : "memory");
}

// Overwrites so much of the stack below the caller, where the functions called before may have spilled registers with
// keys. No more than needed: for a lonely packet each line of it has to be fetched first.
template <size_t kBytes>
__attribute__((noinline)) void wipeStack() {
  uint8_t area[kBytes];
  wipe(area, sizeof area);
}

// Takes the same time wherever the difference is.
inline bool equalInConstantTime(const uint8_t* a, const uint8_t* b, int32_t bytes) {
  uint32_t difference = 0;
  for (int32_t i = 0; i < bytes; i++) {
    difference |= static_cast<uint32_t>(a[i] ^ b[i]);
    __asm__ volatile("" : "+r"(difference));
  }
  return difference == 0;
}

}  // namespace tun_native
