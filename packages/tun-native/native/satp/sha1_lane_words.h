// Words of messages into lanes: `words[i]` gets word i of a block of each message, `data[lane] + offset` is the block.
// Includes no instruction set: the source file has done that.
#pragma once

#if defined(__x86_64__)

#include "sha1_job.h"

namespace tun_native {

// Of this source file alone: another one compiles the same for other processors, and the linker must not mix them.
namespace {

TUN_LANES_INLINE __m128i loadQuarter(const uint8_t* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

// Four words of four messages at a time.
TUN_LANES_INLINE void loadWords(const uint8_t* const* data, size_t offset, Lanes4 (&words)[16]) {
  const __m128i bigEndian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
#pragma GCC unroll 4
  for (int q = 0; q < 16; q += 4) {
    __m128i part[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) part[i] = _mm_shuffle_epi8(loadQuarter(data[i] + offset + 4 * q), bigEndian);
    const __m128i low0 = _mm_unpacklo_epi32(part[0], part[1]);
    const __m128i high0 = _mm_unpackhi_epi32(part[0], part[1]);
    const __m128i low1 = _mm_unpacklo_epi32(part[2], part[3]);
    const __m128i high1 = _mm_unpackhi_epi32(part[2], part[3]);
    words[q] = Lanes4(_mm_unpacklo_epi64(low0, low1));
    words[q + 1] = Lanes4(_mm_unpackhi_epi64(low0, low1));
    words[q + 2] = Lanes4(_mm_unpacklo_epi64(high0, high1));
    words[q + 3] = Lanes4(_mm_unpackhi_epi64(high0, high1));
  }
}

// The same twice: messages 0 to 3 in the lower halves, 4 to 7 in the upper halves.
TUN_LANES_INLINE void loadWords(const uint8_t* const* data, size_t offset, Lanes8 (&words)[16]) {
  const __m256i bigEndian = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
#pragma GCC unroll 4
  for (int q = 0; q < 16; q += 4) {
    __m256i part[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      const __m256i lower = _mm256_castsi128_si256(loadQuarter(data[i] + offset + 4 * q));
      part[i] = _mm256_shuffle_epi8(_mm256_inserti128_si256(lower, loadQuarter(data[i + 4] + offset + 4 * q), 1), bigEndian);
    }
    const __m256i low0 = _mm256_unpacklo_epi32(part[0], part[1]);
    const __m256i high0 = _mm256_unpackhi_epi32(part[0], part[1]);
    const __m256i low1 = _mm256_unpacklo_epi32(part[2], part[3]);
    const __m256i high1 = _mm256_unpackhi_epi32(part[2], part[3]);
    words[q] = Lanes8(_mm256_unpacklo_epi64(low0, low1));
    words[q + 1] = Lanes8(_mm256_unpackhi_epi64(low0, low1));
    words[q + 2] = Lanes8(_mm256_unpacklo_epi64(high0, high1));
    words[q + 3] = Lanes8(_mm256_unpackhi_epi64(high0, high1));
  }
}

#if defined(TUN_AVX512)

// The blocks of sixteen messages, one in each row.
TUN_AVX512_INLINE void transposeWords(const __m512i (&rows)[16], Lanes16 (&words)[16]) {
  const __m512i bigEndian = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
  __m512i pairs[16], quads[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) pairs[i] = _mm512_shuffle_epi8(rows[i], bigEndian);
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
    words[n] = Lanes16(_mm512_shuffle_i32x4(a, c, 0x88));
    words[4 + n] = Lanes16(_mm512_shuffle_i32x4(a, c, 0xdd));
    words[8 + n] = Lanes16(_mm512_shuffle_i32x4(b, d, 0x88));
    words[12 + n] = Lanes16(_mm512_shuffle_i32x4(b, d, 0xdd));
  }
}

TUN_AVX512_INLINE void loadWords(const uint8_t* const* data, size_t offset, Lanes16 (&words)[16]) {
  __m512i rows[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) rows[i] = _mm512_loadu_si512(data[i] + offset);
  transposeWords(rows, words);
}

#endif

}  // namespace

}  // namespace tun_native

#endif
