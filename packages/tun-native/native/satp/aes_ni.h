// AES on 128-bit registers: key schedule, single blocks and counter mode. Independent blocks are written one after
// another; the processor overlaps them by itself.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#include "aes_steps.h"

#define TUN_AESNI __attribute__((target("aes,ssse3,sse4.1")))
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

// N keys of 16 bytes side by side.
template <int N>
TUN_AESNI_INLINE void expandKeys128(const uint8_t (*keys)[2 * kBlockBytes], RoundKeys* out) {
  const __m128i rotatedLast = _mm_set1_epi32(0x0c0f0e0d);
  __m128i block[N];
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    block[i] = loadBlock(keys[i]);
    storeBlock(out[i].bytes, block[i]);
  }
  int constant = 1;
#pragma GCC unroll 10
  for (int round = 1; round <= 10; round++) {
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      block[i] = _mm_xor_si128(prefixXor(block[i]), substituteWord(block[i], rotatedLast, constant));
      storeBlock(out[i].bytes + kBlockBytes * round, block[i]);
    }
    constant = constant == 0x80 ? 0x1b : constant << 1;
  }
}

// Six words per step, stored where they follow one another. The last step writes two words too many, inside of what a
// 256-bit key needs.
template <int N>
TUN_AESNI_INLINE void expandKeys192(const uint8_t (*keys)[2 * kBlockBytes], RoundKeys* out) {
  const __m128i rotatedSecond = _mm_set1_epi32(0x04070605);
  __m128i low[N], high[N];
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    low[i] = loadBlock(keys[i]);
    high[i] = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(keys[i] + kBlockBytes));
    storeBlock(out[i].bytes, low[i]);
    storeBlock(out[i].bytes + 16, high[i]);
  }
#pragma GCC unroll 8
  for (int step = 1; step <= 8; step++) {
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      low[i] = _mm_xor_si128(prefixXor(low[i]), substituteWord(high[i], rotatedSecond, 1 << (step - 1)));
      high[i] = _mm_xor_si128(high[i], _mm_slli_si128(high[i], 4));
      high[i] = _mm_xor_si128(high[i], _mm_shuffle_epi32(low[i], 0xff));
      storeBlock(out[i].bytes + 24 * step, low[i]);
      storeBlock(out[i].bytes + 24 * step + 16, high[i]);
    }
  }
}

template <int N>
TUN_AESNI_INLINE void expandKeys256(const uint8_t (*keys)[2 * kBlockBytes], RoundKeys* out) {
  const __m128i rotatedLast = _mm_set1_epi32(0x0c0f0e0d);
  const __m128i last = _mm_set1_epi32(0x0f0e0d0c);
  __m128i even[N], odd[N];
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    even[i] = loadBlock(keys[i]);
    odd[i] = loadBlock(keys[i] + kBlockBytes);
    storeBlock(out[i].bytes, even[i]);
    storeBlock(out[i].bytes + 16, odd[i]);
  }
#pragma GCC unroll 8
  for (int step = 1; step <= 7; step++) {
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      even[i] = _mm_xor_si128(prefixXor(even[i]), substituteWord(odd[i], rotatedLast, 1 << (step - 1)));
      storeBlock(out[i].bytes + 32 * step, even[i]);
      if (step == 7) continue;
      odd[i] = _mm_xor_si128(prefixXor(odd[i]), substituteWord(even[i], last, 0));
      storeBlock(out[i].bytes + 32 * step + 16, odd[i]);
    }
  }
}

// N keys of the same size.
template <int N>
TUN_AESNI_INLINE void expandAesKeys(const uint8_t (*keys)[2 * kBlockBytes], int32_t keyBytes, RoundKeys* out) {
  for (int i = 0; i < N; i++) out[i].rounds = roundsFor(keyBytes);
  if (keyBytes == 16) {
    expandKeys128<N>(keys, out);
  } else if (keyBytes == 24) {
    expandKeys192<N>(keys, out);
  } else {
    expandKeys256<N>(keys, out);
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

// Blocks `first` to `first + N - 1` of the derivation.
template <int N>
TUN_AESNI_INLINE void deriveBlocks(const PacketJob& job, int first) {
  const RoundKeys& master = *static_cast<const RoundKeys*>(job.master);
  const __m128i sequence = sequenceNumber(job.packet);
  __m128i blocks[N];
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) blocks[i] = _mm_xor_si128(loadBlock(job.inputs->block[first + i]), sequence);
  encryptBlocks(master.bytes, master.rounds, blocks);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) storeBlock(job.keys->block[first + i], blocks[i]);
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

// The last bytes of a body, fewer than a block.
TUN_AESNI_INLINE void xorRest(uint8_t* at, int32_t bytes, __m128i stream) {
  uint8_t last[kBlockBytes];
  storeBlock(last, stream);
  for (int32_t i = 0; i < bytes; i++) at[i] ^= last[i];
}

TUN_AESNI_INLINE void applyCounterMode(const PacketJob& job, const RoundKeys& keys) {
  __m128i counter = swapCounter(firstCounter(job));
  uint8_t* at = job.body();
  int32_t left = job.bodyBytes();
  for (; left >= 8 * kBlockBytes; left -= 8 * kBlockBytes, at += 8 * kBlockBytes) {
    __m128i stream[8];
    keyStream(keys.bytes, keys.rounds, &counter, stream);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) storeBlock(at + kBlockBytes * i, _mm_xor_si128(loadBlock(at + kBlockBytes * i), stream[i]));
  }
  if (left == 0) return;
  // The rest at once: one block after the other would wait for itself.
  __m128i stream[8];
  keyStream(keys.bytes, keys.rounds, &counter, stream);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    if (left < kBlockBytes) {
      xorRest(at, left, stream[i]);
      return;
    }
    storeBlock(at, _mm_xor_si128(loadBlock(at), stream[i]));
    at += kBlockBytes;
    left -= kBlockBytes;
  }
}

struct AesNiSteps : AesSteps {
  TUN_AESNI static bool setMaster(const uint8_t* key, int32_t bytes, Master* master) {
    uint8_t copy[1][2 * kBlockBytes];
    memcpy(copy, key, static_cast<size_t>(bytes));
    expandAesKeys<1>(copy, bytes, master);
    return true;
  }
};

// Encrypts or decrypts all bodies with `kApply`, which takes a packet and its expanded key.
template <void (*kApply)(const PacketJob&, const RoundKeys&)>
TUN_AESNI void applyToBodies(const PacketJob* jobs, int32_t count, AesSteps::Scratch* scratch) {
  const PacketJob* group[kKeysAtOnce];
  uint8_t keys[kKeysAtOnce][2 * kBlockBytes];
  int32_t next = 0;
  while (const size_t gathered = gatherKeys(jobs, count, &next, group, keys)) {
    if (gathered == kKeysAtOnce) {
      expandAesKeys<kKeysAtOnce>(keys, group[0]->cipherKeyBytes, scratch->keys);
    } else {
      for (size_t i = 0; i < gathered; i++) expandAesKeys<1>(&keys[i], group[i]->cipherKeyBytes, &scratch->keys[i]);
    }
    for (size_t i = 0; i < gathered; i++) kApply(*group[i], scratch->keys[i]);
  }
}

}  // namespace tun_native

#endif
