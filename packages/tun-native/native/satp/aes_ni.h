// AES on 128-bit registers: key schedule, single blocks and counter mode. Independent blocks are written one after
// another; the processor overlaps them by itself.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#include "packet_job.h"

#define TUN_AESNI __attribute__((target("aes,sha,ssse3,sse4.1")))
#define TUN_AESNI_INLINE TUN_AESNI __attribute__((always_inline)) inline

namespace tun_native {

TUN_AESNI_INLINE __m128i loadBlock(const uint8_t* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

TUN_AESNI_INLINE void storeBlock(uint8_t* at, __m128i block) { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), block); }

// SubWord of one word of `key` in all four columns; ShiftRows leaves equal columns alone. `pick` chooses the word, and
// whether it is rotated.
TUN_AESNI_INLINE __m128i substituteWord(__m128i key, __m128i pick, int roundConstant) {
  return _mm_aesenclast_si128(_mm_shuffle_epi8(key, pick), _mm_set1_epi32(roundConstant));
}

// Each column xor all columns before it.
TUN_AESNI_INLINE __m128i prefixXor(__m128i key) {
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  return _mm_xor_si128(key, _mm_slli_si128(key, 8));
}

TUN_AESNI_INLINE void expandKey128(const uint8_t* key, uint8_t* roundKeys) {
  const __m128i rotatedLast = _mm_set1_epi32(0x0c0f0e0d);
  __m128i block = loadBlock(key);
  storeBlock(roundKeys, block);
  int constant = 1;
#pragma GCC unroll 10
  for (int round = 1; round <= 10; round++) {
    block = _mm_xor_si128(prefixXor(block), substituteWord(block, rotatedLast, constant));
    storeBlock(roundKeys + kBlockBytes * round, block);
    constant = constant == 0x80 ? 0x1b : constant << 1;
  }
}

// Six words per step, stored where they follow one another. The last step writes two words too many, inside of what a
// 256-bit key needs.
TUN_AESNI_INLINE void expandKey192(const uint8_t* key, uint8_t* roundKeys) {
  const __m128i rotatedSecond = _mm_set1_epi32(0x04070605);
  __m128i low = loadBlock(key);
  __m128i high = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(key + kBlockBytes));
  storeBlock(roundKeys, low);
  storeBlock(roundKeys + 16, high);
#pragma GCC unroll 8
  for (int step = 1; step <= 8; step++) {
    low = _mm_xor_si128(prefixXor(low), substituteWord(high, rotatedSecond, 1 << (step - 1)));
    high = _mm_xor_si128(high, _mm_slli_si128(high, 4));
    high = _mm_xor_si128(high, _mm_shuffle_epi32(low, 0xff));
    storeBlock(roundKeys + 24 * step, low);
    storeBlock(roundKeys + 24 * step + 16, high);
  }
}

TUN_AESNI_INLINE void expandKey256(const uint8_t* key, uint8_t* roundKeys) {
  const __m128i rotatedLast = _mm_set1_epi32(0x0c0f0e0d);
  const __m128i last = _mm_set1_epi32(0x0f0e0d0c);
  __m128i even = loadBlock(key);
  __m128i odd = loadBlock(key + kBlockBytes);
  storeBlock(roundKeys, even);
  storeBlock(roundKeys + 16, odd);
#pragma GCC unroll 8
  for (int step = 1; step <= 7; step++) {
    even = _mm_xor_si128(prefixXor(even), substituteWord(odd, rotatedLast, 1 << (step - 1)));
    storeBlock(roundKeys + 32 * step, even);
    if (step == 7) return;
    odd = _mm_xor_si128(prefixXor(odd), substituteWord(even, last, 0));
    storeBlock(roundKeys + 32 * step + 16, odd);
  }
}

TUN_AESNI_INLINE void expandAesKey(const uint8_t* key, int32_t keyBytes, uint8_t* roundKeys) {
  if (keyBytes == 16) {
    expandKey128(key, roundKeys);
  } else if (keyBytes == 24) {
    expandKey192(key, roundKeys);
  } else {
    expandKey256(key, roundKeys);
  }
}

template <int N>
TUN_AESNI_INLINE void encryptBlocks(const uint8_t* roundKeys, int rounds, __m128i (&blocks)[N]) {
  __m128i key = loadBlock(roundKeys);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) blocks[i] = _mm_xor_si128(blocks[i], key);
  for (int round = 1; round < rounds; round++) {
    key = loadBlock(roundKeys + kBlockBytes * round);
#pragma GCC unroll 8
    for (int i = 0; i < N; i++) blocks[i] = _mm_aesenc_si128(blocks[i], key);
  }
  key = loadBlock(roundKeys + kBlockBytes * rounds);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) blocks[i] = _mm_aesenclast_si128(blocks[i], key);
}

// The sequence number at bytes 10-13 of a block (spec 4.2).
TUN_AESNI_INLINE __m128i sequenceNumber(const uint8_t* header) {
  int32_t word;
  memcpy(&word, header, sizeof word);
  return _mm_slli_si128(_mm_cvtsi32_si128(word), 10);
}

TUN_AESNI_INLINE void deriveBlocks(const PacketJob& job) {
  const __m128i sequence = sequenceNumber(job.packet);
  __m128i blocks[kDerivedBlocks];
#pragma GCC unroll 8
  for (int i = 0; i < kDerivedBlocks; i++) blocks[i] = _mm_xor_si128(loadBlock(job.inputs->block[i]), sequence);
  encryptBlocks(job.roundKeys, job.rounds, blocks);
#pragma GCC unroll 8
  for (int i = 0; i < kDerivedBlocks; i++) storeBlock(job.keys->block[i], blocks[i]);
}

// The counter of the packet's first block (spec 5), as counterBlock() of session_blocks.h.
TUN_AESNI_INLINE __m128i firstCounter(const PacketJob& job) {
  const __m128i place = _mm_setr_epi8(-1, -1, -1, -1, 6, 7, 4, 5, -1, -1, 0, 1, 2, 3, -1, -1);
  const __m128i saltMask = _mm_setr_epi32(-1, -1, -1, 0x0000ffff);
  const __m128i header = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(job.packet));
  return _mm_xor_si128(_mm_and_si128(loadBlock(job.keys->block[kSaltBlock]), saltMask), _mm_shuffle_epi8(header, place));
}

// Bytes 12-15 of `counter` as a number that can be added to, and back. No packet has so many blocks that more moves.
TUN_AESNI_INLINE __m128i swapCounter(__m128i counter) {
  return _mm_shuffle_epi8(counter, _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12));
}

template <int N>
TUN_AESNI_INLINE void keyStream(const uint8_t* roundKeys, int rounds, __m128i* counter, __m128i (&blocks)[N]) {
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    blocks[i] = swapCounter(*counter);
    *counter = _mm_add_epi32(*counter, _mm_setr_epi32(0, 0, 0, 1));
  }
  encryptBlocks(roundKeys, rounds, blocks);
}

TUN_AESNI_INLINE void applyCounterMode(const PacketJob& job, const uint8_t* roundKeys) {
  const int rounds = roundsFor(job.cipherKeyBytes);
  __m128i counter = swapCounter(firstCounter(job));
  uint8_t* at = job.body();
  int32_t left = job.bodyBytes();
  for (; left >= 8 * kBlockBytes; left -= 8 * kBlockBytes, at += 8 * kBlockBytes) {
    __m128i stream[8];
    keyStream(roundKeys, rounds, &counter, stream);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) storeBlock(at + kBlockBytes * i, _mm_xor_si128(loadBlock(at + kBlockBytes * i), stream[i]));
  }
  while (left > 0) {
    __m128i stream[1];
    keyStream(roundKeys, rounds, &counter, stream);
    if (left < kBlockBytes) {
      uint8_t last[kBlockBytes];
      storeBlock(last, stream[0]);
      for (int32_t i = 0; i < left; i++) at[i] ^= last[i];
      return;
    }
    storeBlock(at, _mm_xor_si128(loadBlock(at), stream[0]));
    at += kBlockBytes;
    left -= kBlockBytes;
  }
}

}  // namespace tun_native

#endif
