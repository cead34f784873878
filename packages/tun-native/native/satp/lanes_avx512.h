// AVX-512 for sha1_lanes.h and its parts: what they need of an instruction set beyond the operators of vectors, and the
// attribute that lets them use it. A source file includes this or lanes_avx2.h, never both, and may define
// TUN_AVX512_ALSO before to use more instructions: what stands between the rounds of a hash becomes part of its function.
#pragma once

#if defined(__x86_64__)

#include "lane_vectors.h"

#ifndef TUN_AVX512_ALSO
#define TUN_AVX512_ALSO ""
#endif
#define TUN_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,aes,bmi,bmi2" TUN_AVX512_ALSO)))
#define TUN_AVX512_INLINE TUN_AVX512 __attribute__((always_inline)) inline
#define TUN_LANES TUN_AVX512
#define TUN_LANES_INLINE TUN_AVX512_INLINE

namespace tun_native {

// Any function of three bits, as a truth table.
template <int kTable>
TUN_AVX512_INLINE Lanes16 bitwise(Lanes16 a, Lanes16 b, Lanes16 c) {
  return Lanes16(_mm512_ternarylogic_epi32(__m512i(a), __m512i(b), __m512i(c), kTable));
}

template <int kTable>
TUN_AVX512_INLINE Lanes8 bitwise(Lanes8 a, Lanes8 b, Lanes8 c) {
  return Lanes8(_mm256_ternarylogic_epi32(__m256i(a), __m256i(b), __m256i(c), kTable));
}

template <int kTable>
TUN_AVX512_INLINE Lanes4 bitwise(Lanes4 a, Lanes4 b, Lanes4 c) {
  return Lanes4(_mm_ternarylogic_epi32(__m128i(a), __m128i(b), __m128i(c), kTable));
}

// The same of plain numbers.
template <int kTable>
TUN_AVX512_INLINE uint32_t bitwise(uint32_t a, uint32_t b, uint32_t c) {
  if constexpr (kTable == 0xca) return (a & b) | (~a & c);
  if constexpr (kTable == 0xe8) return (a & (b ^ c)) ^ (b & c);
  return a ^ b ^ c;
}

template <typename Vector>
TUN_AVX512_INLINE Vector choose(Vector b, Vector c, Vector d) {
  return bitwise<0xca>(b, c, d);
}

template <typename Vector>
TUN_AVX512_INLINE Vector parity(Vector b, Vector c, Vector d) {
  return bitwise<0x96>(b, c, d);
}

template <typename Vector>
TUN_AVX512_INLINE Vector majority(Vector b, Vector c, Vector d) {
  return bitwise<0xe8>(b, c, d);
}

// Makes the compiler compute up to here as written.
template <typename Vector>
TUN_AVX512_INLINE void settle(Vector& value) {
  __asm__("" : "+v"(value));
}

TUN_AVX512_INLINE void settle(uint32_t& value) { __asm__("" : "+r"(value)); }

// Zeroes all vector registers: keys were in them.
TUN_AVX512 inline void clearAvx512Registers() {
  __asm__ volatile(
      "vzeroall;"
      "vpxord %%zmm16, %%zmm16, %%zmm16;vpxord %%zmm17, %%zmm17, %%zmm17;"
      "vpxord %%zmm18, %%zmm18, %%zmm18;vpxord %%zmm19, %%zmm19, %%zmm19;"
      "vpxord %%zmm20, %%zmm20, %%zmm20;vpxord %%zmm21, %%zmm21, %%zmm21;"
      "vpxord %%zmm22, %%zmm22, %%zmm22;vpxord %%zmm23, %%zmm23, %%zmm23;"
      "vpxord %%zmm24, %%zmm24, %%zmm24;vpxord %%zmm25, %%zmm25, %%zmm25;"
      "vpxord %%zmm26, %%zmm26, %%zmm26;vpxord %%zmm27, %%zmm27, %%zmm27;"
      "vpxord %%zmm28, %%zmm28, %%zmm28;vpxord %%zmm29, %%zmm29, %%zmm29;"
      "vpxord %%zmm30, %%zmm30, %%zmm30;vpxord %%zmm31, %%zmm31, %%zmm31;"
      :
      :
      : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
        "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
        "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

}  // namespace tun_native

#endif
