#include "checksum.h"

namespace tun_native {
namespace {

// Four bytes in each lane; the compiler makes of it what the target has.
typedef uint32_t Lanes __attribute__((vector_size(32)));
constexpr size_t kLaneBytes = sizeof(Lanes);

// A lane takes two 16-bit words per step of 64 bytes: 32 bits are enough for 2 MiB.
constexpr size_t kMostBytesPerRun = 1024 * 1024;

template <bool kCopy>
__attribute__((always_inline)) inline uint64_t sumRun(uint8_t* to, const uint8_t* from, size_t length) {
  Lanes sums = {};
  size_t at = 0;
  for (; at + 2 * kLaneBytes <= length; at += 2 * kLaneBytes) {
    Lanes one;
    Lanes two;
    memcpy(&one, from + at, kLaneBytes);
    memcpy(&two, from + at + kLaneBytes, kLaneBytes);
    if (kCopy) {
      memcpy(to + at, &one, kLaneBytes);
      memcpy(to + at + kLaneBytes, &two, kLaneBytes);
    }
    sums += (one & 0xffff) + (one >> 16) + (two & 0xffff) + (two >> 16);
  }
  uint64_t sum = 0;
  for (size_t i = 0; i < kLaneBytes / 4; i++) sum += sums[i];
  for (; at + 8 <= length; at += 8) {
    uint64_t word;
    memcpy(&word, from + at, 8);
    if (kCopy) memcpy(to + at, &word, 8);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  if (at < length) {
    uint64_t word = 0;
    memcpy(&word, from + at, length - at);
    if (kCopy) memcpy(to + at, &word, length - at);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  return sum;
}

template <bool kCopy>
__attribute__((always_inline)) inline uint64_t sumAll(uint8_t* to, const uint8_t* from, size_t length) {
  uint64_t sum = 0;
  for (; length > kMostBytesPerRun; length -= kMostBytesPerRun) {
    sum += sumRun<kCopy>(to, from, kMostBytesPerRun);
    from += kMostBytesPerRun;
    if (kCopy) to += kMostBytesPerRun;
  }
  return sum + sumRun<kCopy>(to, from, length);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) uint64_t sumBytesAvx2(const uint8_t* from, size_t length) { return sumAll<false>(nullptr, from, length); }

__attribute__((target("avx2"))) uint64_t copyAndSumAvx2(uint8_t* to, const uint8_t* from, size_t length) {
  return sumAll<true>(to, from, length);
}

bool hasAvx2() { return __builtin_cpu_supports("avx2") != 0; }
#endif

}  // namespace

uint64_t sumBytes(const uint8_t* from, size_t length) {
#ifdef __x86_64__
  if (length >= 2 * kLaneBytes && hasAvx2()) return sumBytesAvx2(from, length);
#endif
  return sumAll<false>(nullptr, from, length);
}

uint64_t copyAndSum(uint8_t* to, const uint8_t* from, size_t length) {
#ifdef __x86_64__
  if (length >= 2 * kLaneBytes && hasAvx2()) return copyAndSumAvx2(to, from, length);
#endif
  return sumAll<true>(to, from, length);
}

}  // namespace tun_native
