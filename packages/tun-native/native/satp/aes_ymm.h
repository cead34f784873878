// AES on 256-bit registers: two blocks per instruction.
#pragma once

#if defined(__x86_64__)

#include "aes_ni.h"

#define TUN_VAES __attribute__((target("avx2,vaes,aes,sha")))
#define TUN_VAES_INLINE TUN_VAES __attribute__((always_inline)) inline

namespace tun_native {

TUN_VAES_INLINE __m256i loadPair(const uint8_t* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }

TUN_VAES_INLINE void storePair(uint8_t* at, __m256i pair) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), pair); }

// The round key for both blocks.
TUN_VAES_INLINE __m256i roundKey(const RoundKeys& keys, int round) {
  return _mm256_broadcastsi128_si256(loadBlock(keys.bytes + kBlockBytes * round));
}

template <int N>
TUN_VAES_INLINE void encryptPairs(const RoundKeys& keys, __m256i (&pairs)[N]) {
  __m256i key = roundKey(keys, 0);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) pairs[i] = _mm256_xor_si256(pairs[i], key);
  for (int round = 1; round < keys.rounds; round++) {
    key = roundKey(keys, round);
#pragma GCC unroll 8
    for (int i = 0; i < N; i++) pairs[i] = _mm256_aesenc_epi128(pairs[i], key);
  }
  key = roundKey(keys, keys.rounds);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) pairs[i] = _mm256_aesenclast_epi128(pairs[i], key);
}

// As deriveBlocks() of aes_ni.h.
TUN_VAES_INLINE void derivePairs(const PacketJob& job) {
  const __m256i sequence = _mm256_broadcastsi128_si256(sequenceNumber(job.packet));
  __m256i common[kCommonBlocks / 2];
#pragma GCC unroll 2
  for (int i = 0; i < kCommonBlocks / 2; i++) common[i] = _mm256_xor_si256(loadPair(job.inputs->block[2 * i]), sequence);
  encryptPairs(*static_cast<const RoundKeys*>(job.master), common);
#pragma GCC unroll 2
  for (int i = 0; i < kCommonBlocks / 2; i++) storePair(job.keys->block[2 * i], common[i]);
  if (job.cipherKeyBytes > kBlockBytes) deriveBlocks<1>(job, kSecondKeyBlock);
}

// `counter` holds swapped counters of two blocks that follow one another.
template <int N>
TUN_VAES_INLINE void pairKeyStream(const RoundKeys& keys, __m256i* counter, __m256i (&pairs)[N]) {
  const __m256i swap = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12));
  const __m256i two = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0, 0, 2));
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    pairs[i] = _mm256_shuffle_epi8(*counter, swap);
    *counter = _mm256_add_epi32(*counter, two);
  }
  encryptPairs(keys, pairs);
}

TUN_VAES_INLINE void applyPairCounterMode(const PacketJob& job, const RoundKeys& keys) {
  constexpr int32_t kPairBytes = 2 * kBlockBytes;
  const __m256i places = _mm256_setr_epi32(0, 0, 0, 0, 0, 0, 0, 1);
  __m256i counter = _mm256_add_epi32(_mm256_broadcastsi128_si256(swapCounter(firstCounter(job))), places);
  uint8_t* at = job.body();
  int32_t left = job.bodyBytes();
  for (; left >= 8 * kPairBytes; left -= 8 * kPairBytes, at += 8 * kPairBytes) {
    __m256i stream[8];
    pairKeyStream(keys, &counter, stream);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) storePair(at + kPairBytes * i, _mm256_xor_si256(loadPair(at + kPairBytes * i), stream[i]));
  }
  while (left > 0) {
    __m256i stream[4];
    pairKeyStream(keys, &counter, stream);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      if (left >= kPairBytes) {
        storePair(at, _mm256_xor_si256(loadPair(at), stream[i]));
        at += kPairBytes;
        left -= kPairBytes;
        continue;
      }
      if (left >= kBlockBytes) {
        storeBlock(at, _mm_xor_si128(loadBlock(at), _mm256_castsi256_si128(stream[i])));
        xorRest(at + kBlockBytes, left - kBlockBytes, _mm256_extracti128_si256(stream[i], 1));
      } else {
        xorRest(at, left, _mm256_castsi256_si128(stream[i]));
      }
      return;
    }
  }
}

}  // namespace tun_native

#endif
