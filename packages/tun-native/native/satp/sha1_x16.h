// SHA-1 of sixteen messages at once, one per 32-bit lane of the AVX-512 registers, and of twice sixteen with the two
// groups interleaved, because the rounds of one group alone leave the units waiting.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#include "sha1_job.h"

#define TUN_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,vaes,aes,sha")))
#define TUN_AVX512_INLINE TUN_AVX512 __attribute__((always_inline)) inline

namespace tun_native {

constexpr int kLanes = 16;

// Chaining values by word, then by lane.
struct Sha1LaneState {
  alignas(64) uint32_t word[kShaStateWords][kLanes];
};

// Sixteen words of sixteen messages: `words[i]` gets word i of all.
TUN_AVX512_INLINE void loadWords(const uint8_t* const* data, size_t offset, __m512i (&words)[16]) {
  const __m512i bigEndian = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
  __m512i pairs[16], quads[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) pairs[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(data[i] + offset), bigEndian);
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 4) {
    const __m512i low0 = _mm512_unpacklo_epi32(pairs[i], pairs[i + 1]);
    const __m512i high0 = _mm512_unpackhi_epi32(pairs[i], pairs[i + 1]);
    const __m512i low1 = _mm512_unpacklo_epi32(pairs[i + 2], pairs[i + 3]);
    const __m512i high1 = _mm512_unpackhi_epi32(pairs[i + 2], pairs[i + 3]);
    // Word 4q + n of messages i to i+3 in 128-bit part q of quads[i + n].
    quads[i] = _mm512_unpacklo_epi64(low0, low1);
    quads[i + 1] = _mm512_unpackhi_epi64(low0, low1);
    quads[i + 2] = _mm512_unpacklo_epi64(high0, high1);
    quads[i + 3] = _mm512_unpackhi_epi64(high0, high1);
  }
#pragma GCC unroll 16
  for (int n = 0; n < 4; n++) {
    const __m512i a = _mm512_shuffle_i32x4(quads[n], quads[4 + n], 0x44);
    const __m512i b = _mm512_shuffle_i32x4(quads[n], quads[4 + n], 0xee);
    const __m512i c = _mm512_shuffle_i32x4(quads[8 + n], quads[12 + n], 0x44);
    const __m512i d = _mm512_shuffle_i32x4(quads[8 + n], quads[12 + n], 0xee);
    words[n] = _mm512_shuffle_i32x4(a, c, 0x88);
    words[4 + n] = _mm512_shuffle_i32x4(a, c, 0xdd);
    words[8 + n] = _mm512_shuffle_i32x4(b, d, 0x88);
    words[12 + n] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
}

// Twenty rounds of G groups, of which Q is the quarter. The five state words change places instead of moving: A of
// round t is state[(80 - t) % 5].
template <int G, int Q>
TUN_AVX512_INLINE void laneRounds(__m512i (&state)[G][kShaStateWords], __m512i (&words)[G][16]) {
  // Choose, parity, majority, parity as truth tables of three bits.
  constexpr int mix = Q == 0 ? 0xca : Q == 2 ? 0xe8 : 0x96;
  constexpr uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
  const __m512i constant = _mm512_set1_epi32(static_cast<int>(constants[Q]));
#pragma GCC unroll 20
  for (int t = 20 * Q; t < 20 * Q + 20; t++) {
    const int a = (80 - t) % 5, b = (81 - t) % 5, c = (82 - t) % 5, d = (83 - t) % 5, e = (84 - t) % 5;
#pragma GCC unroll 2
    for (int g = 0; g < G; g++) {
      __m512i(&s)[kShaStateWords] = state[g];
      __m512i(&w)[16] = words[g];
      if (t >= 16) {
        const __m512i older = _mm512_xor_si512(w[t % 16], w[(t - 14) % 16]);
        w[t % 16] = _mm512_rol_epi32(_mm512_ternarylogic_epi32(older, w[(t - 8) % 16], w[(t - 3) % 16], 0x96), 1);
      }
      const __m512i early = _mm512_add_epi32(_mm512_add_epi32(s[e], constant), w[t % 16]);
      __m512i mixed = _mm512_add_epi32(early, _mm512_ternarylogic_epi32(s[b], s[c], s[d], mix));
      // A, which is known last, must be added last. Without this GCC reorders the sum and takes twice the time.
      __asm__("" : "+v"(mixed));
      s[e] = _mm512_add_epi32(mixed, _mm512_rol_epi32(s[a], 5));
      s[b] = _mm512_rol_epi32(s[b], 30);
    }
  }
}

// Takes G groups of sixteen messages through the same number of blocks. `data` has a pointer for each lane.
template <int G>
TUN_AVX512 void compressLanes(Sha1LaneState* groups, const uint8_t* const* data, uint32_t blocks) {
  __m512i state[G][kShaStateWords];
#pragma GCC unroll 2
  for (int g = 0; g < G; g++) {
#pragma GCC unroll 5
    for (int i = 0; i < kShaStateWords; i++) state[g][i] = _mm512_load_si512(groups[g].word[i]);
  }
  for (size_t offset = 0; offset < blocks * kShaBlockBytes; offset += kShaBlockBytes) {
    __m512i words[G][16];
#pragma GCC unroll 2
    for (int g = 0; g < G; g++) loadWords(data + kLanes * g, offset, words[g]);
    laneRounds<G, 0>(state, words);
    laneRounds<G, 1>(state, words);
    laneRounds<G, 2>(state, words);
    laneRounds<G, 3>(state, words);
#pragma GCC unroll 2
    for (int g = 0; g < G; g++) {
#pragma GCC unroll 5
      for (int i = 0; i < kShaStateWords; i++) {
        state[g][i] = _mm512_add_epi32(state[g][i], _mm512_load_si512(groups[g].word[i]));
        _mm512_store_si512(groups[g].word[i], state[g][i]);
      }
    }
  }
}

}  // namespace tun_native

#endif
