// AES on 512-bit registers: four blocks per instruction.
#pragma once

#if defined(__x86_64__)

#include "aes_ni.h"

#define TUN_VAES512 __attribute__((target("avx512f,avx512bw,avx512vl,vaes,aes")))
#define TUN_VAES512_INLINE TUN_VAES512 __attribute__((always_inline)) inline

namespace tun_native {

TUN_VAES512_INLINE __m512i broadcastBlock(const uint8_t* at) { return _mm512_broadcast_i32x4(loadBlock(at)); }

// An expanded key: `rounds` + 1 keys, kStride bytes apart.
template <int kStride = kBlockBytes>
struct KeySchedule {
  const uint8_t* bytes;
  int rounds;

  explicit KeySchedule(const RoundKeys& keys) : bytes(keys.bytes), rounds(keys.rounds) {}
  KeySchedule(const uint8_t* first, int count) : bytes(first), rounds(count) {}
};

template <int N, int kStride>
TUN_VAES512_INLINE void encryptWide(KeySchedule<kStride> keys, __m512i (&blocks)[N]) {
  __m512i key = broadcastBlock(keys.bytes);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) blocks[i] = _mm512_xor_si512(blocks[i], key);
  for (int round = 1; round < keys.rounds; round++) {
    key = broadcastBlock(keys.bytes + kStride * round);
#pragma GCC unroll 8
    for (int i = 0; i < N; i++) blocks[i] = _mm512_aesenc_epi128(blocks[i], key);
  }
  key = broadcastBlock(keys.bytes + kStride * keys.rounds);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) blocks[i] = _mm512_aesenclast_epi128(blocks[i], key);
}

// As deriveBlocks() of aes_ni.h: the blocks that every packet needs fill one register.
TUN_VAES512_INLINE void deriveWide(const PacketJob& job) {
  const RoundKeys& master = *static_cast<const RoundKeys*>(job.master);
  const __m512i sequence = _mm512_broadcast_i32x4(sequenceNumber(job.packet));
  __m512i common[1] = {_mm512_xor_si512(_mm512_load_si512(job.inputs->block), sequence)};
  encryptWide(KeySchedule<>(master), common);
  _mm512_store_si512(job.keys->block, common[0]);
  if (job.cipherKeyBytes > kBlockBytes) deriveBlocks<1>(job, kSecondKeyBlock);
}

// `counter` holds swapped counters of four blocks that follow one another.
template <int N, int kStride>
TUN_VAES512_INLINE void wideKeyStream(KeySchedule<kStride> keys, __m512i* counter, __m512i (&blocks)[N]) {
  const __m512i swap = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12));
  const __m512i four = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 0, 4));
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    blocks[i] = _mm512_shuffle_epi8(*counter, swap);
    *counter = _mm512_add_epi32(*counter, four);
  }
  encryptWide(keys, blocks);
}

template <int N, int kStride>
TUN_VAES512_INLINE void xorWide(uint8_t* at, KeySchedule<kStride> keys, __m512i* counter) {
  __m512i stream[N];
  wideKeyStream(keys, counter, stream);
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) {
    uint8_t* part = at + 64 * i;
    _mm512_storeu_si512(part, _mm512_xor_si512(_mm512_loadu_si512(part), stream[i]));
  }
}

// Bytes `from` to `to` of the body. `from` is a multiple of 64.
template <int kStride>
TUN_VAES512_INLINE void applyWideCounterMode(const PacketJob& job, KeySchedule<kStride> keys, int32_t from, int32_t to) {
  const int32_t block = from / kBlockBytes;
  const __m512i places = _mm512_setr_epi32(0, 0, 0, block, 0, 0, 0, block + 1, 0, 0, 0, block + 2, 0, 0, 0, block + 3);
  __m512i counter = _mm512_add_epi32(_mm512_broadcast_i32x4(swapCounter(firstCounter(job))), places);
  uint8_t* at = job.body() + from;
  int32_t left = to - from;
  for (; left >= 512; left -= 512, at += 512) xorWide<8>(at, keys, &counter);
  if (left >= 256) {
    xorWide<4>(at, keys, &counter);
    left -= 256;
    at += 256;
  }
  if (left >= 128) {
    xorWide<2>(at, keys, &counter);
    left -= 128;
    at += 128;
  }
  for (; left > 0; left -= 64, at += 64) {
    // Masked bytes are neither read nor written, whatever page they are on.
    const __mmask64 mask = left >= 64 ? ~0ull : (1ull << left) - 1;
    __m512i stream[1];
    wideKeyStream(keys, &counter, stream);
    _mm512_mask_storeu_epi8(at, mask, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, at), stream[0]));
  }
}

}  // namespace tun_native

#endif
