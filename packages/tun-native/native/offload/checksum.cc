#include "checksum.h"

namespace tun_native {
namespace {

// Eight bytes in each lane; the compiler makes of it what the target has.
typedef uint64_t Lanes __attribute__((vector_size(32)));
constexpr size_t kLaneBytes = sizeof(Lanes);

// One word at `*at`, and on to the next. Of a size that the compiler knows: copying one that it does not know is a call.
template <bool kCopy, typename Word>
__attribute__((always_inline)) inline uint64_t sumWord(uint8_t* to, const uint8_t* from, size_t* at) {
  Word word;
  memcpy(&word, from + *at, sizeof word);
  if (kCopy) memcpy(to + *at, &word, sizeof word);
  *at += sizeof word;
  return word;
}

// Of a few bytes, those that the vectors leave over.
template <bool kCopy>
__attribute__((always_inline)) inline uint64_t sumFew(uint8_t* to, const uint8_t* from, size_t length) {
  uint64_t sum = 0;
  size_t at = 0;
  while (at + 8 <= length) {
    const uint64_t word = sumWord<kCopy, uint64_t>(to, from, &at);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  if ((length & 4) != 0) sum += sumWord<kCopy, uint32_t>(to, from, &at);
  if ((length & 2) != 0) sum += sumWord<kCopy, uint16_t>(to, from, &at);
  if ((length & 1) != 0) {
    const uint8_t padded[2] = {from[at], 0};
    if (kCopy) to[at] = padded[0];
    sum += loadWord(padded);
  }
  return sum;
}

template <bool kCopy>
__attribute__((always_inline)) inline uint64_t sumAll(uint8_t* to, const uint8_t* from, size_t length) {
  // A store across two cache lines costs more than some bytes before; an odd number of them would swap all words behind.
  size_t at = kCopy ? -reinterpret_cast<uintptr_t>(to) & (kLaneBytes - 2) : 0;
  if (at > length) at = length;
  uint64_t sum = sumFew<kCopy>(to, from, at);
  // Sums of 64-bit words, which overflow, and of their upper halves, which do not: the sum of the lower halves is what
  // the first has modulo 2^64 when the second is taken away. Masking the lower halves would cost one more step for each word.
  Lanes words = {};
  Lanes upper = {};
  for (; at + 2 * kLaneBytes <= length; at += 2 * kLaneBytes) {
    Lanes one;
    Lanes two;
    memcpy(&one, from + at, kLaneBytes);
    memcpy(&two, from + at + kLaneBytes, kLaneBytes);
    if (kCopy) {
      memcpy(to + at, &one, kLaneBytes);
      memcpy(to + at + kLaneBytes, &two, kLaneBytes);
    }
    words += one + two;
    upper += (one >> 32) + (two >> 32);
  }
  const Lanes sums = words - (upper << 32) + upper;
  sum += sums[0] + sums[1] + sums[2] + sums[3];
  return sum + sumFew<kCopy>(kCopy ? to + at : nullptr, from + at, length - at);
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
