// AES on 512-bit registers: four blocks per instruction.
#pragma once

#if defined(__x86_64__)

#include "aes_ni.h"
#include "sha1_x16.h"

namespace tun_native {

TUN_AVX512_INLINE __m512i broadcastBlock(const uint8_t* at) { return _mm512_broadcast_i32x4(loadBlock(at)); }

template <int N>
TUN_AVX512_INLINE void encryptWide(const uint8_t* roundKeys, int rounds, __m512i (&blocks)[N]) {
  __m512i key = broadcastBlock(roundKeys);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) blocks[i] = _mm512_xor_si512(blocks[i], key);
  for (int round = 1; round < rounds; round++) {
    key = broadcastBlock(roundKeys + kBlockBytes * round);
#pragma GCC unroll 8
    for (int i = 0; i < N; i++) blocks[i] = _mm512_aesenc_epi128(blocks[i], key);
  }
  key = broadcastBlock(roundKeys + kBlockBytes * rounds);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) blocks[i] = _mm512_aesenclast_epi128(blocks[i], key);
}

// As deriveBlocks() of aes_ni.h: the blocks that every packet needs fill one register.
TUN_AVX512_INLINE void deriveWide(const PacketJob& job) {
  const __m128i sequence = sequenceNumber(job.packet);
  __m512i common[1] = {_mm512_xor_si512(_mm512_load_si512(job.inputs->block), _mm512_broadcast_i32x4(sequence))};
  encryptWide(job.roundKeys, job.rounds, common);
  _mm512_store_si512(job.keys->block, common[0]);
  if (job.cipherKeyBytes <= kBlockBytes) return;
  __m128i second[1] = {_mm_xor_si128(loadBlock(job.inputs->block[kSecondKeyBlock]), sequence)};
  encryptBlocks(job.roundKeys, job.rounds, second);
  storeBlock(job.keys->block[kSecondKeyBlock], second[0]);
}

// `counter` holds swapped counters of four blocks that follow one another.
template <int N>
TUN_AVX512_INLINE void wideKeyStream(const uint8_t* roundKeys, int rounds, __m512i* counter, __m512i (&blocks)[N]) {
  const __m512i swap = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12));
  const __m512i four = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 0, 4));
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    blocks[i] = _mm512_shuffle_epi8(*counter, swap);
    *counter = _mm512_add_epi32(*counter, four);
  }
  encryptWide(roundKeys, rounds, blocks);
}

template <int N>
TUN_AVX512_INLINE void xorWide(uint8_t* at, const uint8_t* roundKeys, int rounds, __m512i* counter) {
  __m512i stream[N];
  wideKeyStream(roundKeys, rounds, counter, stream);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    uint8_t* part = at + 64 * i;
    _mm512_storeu_si512(part, _mm512_xor_si512(_mm512_loadu_si512(part), stream[i]));
  }
}

TUN_AVX512_INLINE void applyWideCounterMode(const PacketJob& job, const uint8_t* roundKeys) {
  const int rounds = roundsFor(job.cipherKeyBytes);
  const __m512i places = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3);
  __m512i counter = _mm512_add_epi32(_mm512_broadcast_i32x4(swapCounter(firstCounter(job))), places);
  uint8_t* at = job.body();
  int32_t left = job.bodyBytes();
  for (; left >= 512; left -= 512, at += 512) xorWide<8>(at, roundKeys, rounds, &counter);
  if (left >= 256) {
    xorWide<4>(at, roundKeys, rounds, &counter);
    left -= 256;
    at += 256;
  }
  for (; left > 0; left -= 64, at += 64) {
    // Masked bytes are neither read nor written, whatever page they are on.
    const __mmask64 mask = left >= 64 ? ~0ull : (1ull << left) - 1;
    __m512i stream[1];
    wideKeyStream(roundKeys, rounds, &counter, stream);
    _mm512_mask_storeu_epi8(at, mask, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, at), stream[0]));
  }
}

}  // namespace tun_native

#endif
